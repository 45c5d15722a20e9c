// Certified removal from a linear model: Newton steps whose error is bounded, and hidden by a
// perturbation that the original was trained with.
//
//   L_b(w; D) = sum over D of l(x'w, y) + (l2 n / 2) |w|^2 + b'w,  b ~ N(0, sigma^2 I), drawn once
//   Delta = sum over D_u of grad l + l2 m w,   H = sum over D_r of l'' x x' + l2 n_r I
//   w' = w + d,   H d = Delta
//   |grad L_b(w'; D_r)| <= |grad L_b(w; D)| + |H d - Delta| + gamma/2 |X| |(Xd) o (Xd)|
//
// X the inputs of D_r and gamma a bound of |l'''|: 1/(6 sqrt 3) for the logistic loss, 0 for the
// squared error, whose step is exact. The last term is the remainder of the gradient's expansion,
// sum_i l'''(.) (x_i'd)^2 x_i / 2; its published bound, gamma |X| |d| |Xd| with gamma = 1/4 and for
// |x| <= 1, is reported beside it. |X| is that of the original's inputs, which only falls as rows
// leave. The bounds of requests add up, and with n times the gradient's norm that training left
// (once for the original, once for the comparator) they must stay within
//
//   sigma min(epsilon / c, mu(epsilon, delta)),   c = sqrt(2 ln(1.5 / delta)):
//
// a request that would not is answered by training anew with another b, and the account begins
// again. c is the authors', proved for epsilon < 1; the analytic Gaussian's mu is smaller where c
// is not enough. Each release is covered by itself: the gradients that several of them leave, with
// one b, tell together what no b hides. Several outputs (one against rest) are one problem: b and
// the gradients are those of all outputs together. Source: Guo et al. 2020 (arXiv 1911.03030),
// theorems 1, 3, 4, equation (6).
//
// H d = Delta is solved within `tolerance` from H^-1 at the original, which training wrote down
// (linear_solve.h); what is left of Delta is part of the bound. Cost: a gradient for each example
// of D_u, and one or two passes through what remains, each a sample-gradient for each example.
#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>
#include <utility>

#include "core/privacy/certificate.h"
#include "core/privacy/gaussian.h"
#include "core/unlearn/convex_constants.h"
#include "core/unlearn/exact_training.h"
#include "core/unlearn/linear_hessian.h"
#include "core/unlearn/linear_solve.h"
#include "core/unlearn/private_release.h"
#include "core/unlearn/training_procedure.h"

namespace oubli {
namespace {

using Status = Assumption::Status;

struct Step {
  Tensor direction;      // d, [inputs, outputs]
  double bound = 0;      // of what it adds to the gradient
  double curvature = 0;  // no eigenvalue of H is above
  double published = 0, worst_case = 0;
  std::int64_t passes = 0;  // through what is left
};

// What requests hand on.
struct Account {
  double spent = 0;  // bound of the gradient
  double requests = 0, retrainings = 0;
  MethodStatePtr start;  // what training wrote down: |X|, and H^-1 where it is small
};

class CertifiedNewton : public Unlearner {
 public:
  explicit CertifiedNewton(const Settings& settings)
      : epsilon_(
            settings.real("epsilon", {.default_value = 1, .above = 0, .doc = "of the guarantee"})),
        delta_(settings.real(
            "delta", {.default_value = 1e-4, .above = 0, .below = 1, .doc = "of the guarantee"})),
        sigma_(settings.real(
            "sigma", {.default_value = 10, .above = 0, .doc = "of the training's perturbation"})),
        tolerance_(settings.real(
            "tolerance",
            {.default_value = 1e-2, .above = 0, .below = 1, .doc = "of the solve, relative"})) {}

  TrainingPlan training_plan(TrainingPlan standard) const override {
    standard = trained_to_the_minimum(std::move(standard));
    standard.procedure = "perturbed";
    standard.settings = {{"sigma", sigma_}};
    return standard;
  }

  UnlearnReport unlearn(Model& model, const Task& task, Context& context) const override {
    UnlearnReport report;
    const MethodStatePtr start = start_of(task);
    Certificate certificate{.epsilon = epsilon_,
                            .delta = delta_,
                            .accountant = "Guo et al. 2020, theorem 3",
                            .sigma = sigma_,
                            .assumptions = assumptions_of(model, task, start != nullptr),
                            .covers = Certificate::Covers::kEachRelease};
    if (!certificate.holds()) return certified(certificate);
    report.state = task.state;  // a request that changes nothing leaves the account as it is
    if (context.should_stop()) report.status = UnlearnStatus::kStopped;
    if (task.forget.empty() || context.should_stop()) return report;
    const LinearWeights weights = *LinearWeights::of(model);
    Account account = account_before(task, start);
    const Step step = newton_step(model, weights, task, *account.start, context);
    const bool retrains = account.spent + step.bound > budget();
    if (retrains) {
      account.start = train_anew(model, task, context);
      account.spent = left_by_training(*account.start, task.retain);
      ++account.retrainings;
      report.message = fmt::format("the budget of {:.3g} was spent: trained anew", budget());
    } else {
      account.spent += apply(model, weights, step);
    }
    ++account.requests;
    certificate.sensitivity = account.spent;
    certificate.assumptions.push_back(
        {fmt::format("the gradient that is left stays within the budget, {:.3g}", budget()),
         account.spent <= budget() ? Status::kChecked : Status::kFails});
    if (!certificate.holds()) return certified(certificate);
    report.details = details_of(certificate, account, step, retrains);
    report.state = state_of(account);
    return report;
  }

 private:
  double budget() const {
    const double published = epsilon_ / std::sqrt(2 * std::log(1.5 / delta_));
    return sigma_ * std::min(published, gaussian_mu(epsilon_, delta_));
  }

  std::vector<Assumption> assumptions_of(const Model& model, const Task& task,
                                         bool has_record) const {
    const auto checked = [](bool holds) { return holds ? Status::kChecked : Status::kFails; };
    const Objective& objective = task.objective();
    const bool is_weighted = task.retain.weights.defined() || task.forget.weights.defined();
    std::vector<Assumption> all = assumptions_of_release(model, task);
    const std::vector<Assumption> own = {
        {"the model is linear in its inputs", checked(is_linear(model, task.retain))},
        {"the loss is squared_error, binary_logistic or one_against_rest",
         checked(is_separable(objective))},
        {"l2 is above 0, and the objective strongly convex", checked(objective.l2 > 0)},
        {"examples have no weights", checked(!is_weighted)},
        {"the original was trained by oubli with this perturbation", checked(has_record)},
        {"the retrained model's training leaves a gradient no longer than the original's",
         Status::kAssumed},
        {"requests do not depend on the perturbation or on released models", Status::kAssumed},
        {"the gradient that is left depends on the perturbation by its bound alone, as in the "
         "proof of theorem 1",
         Status::kAssumed}};
    all.insert(all.end(), own.begin(), own.end());
    return all;
  }

  static double left_by_training(const MethodState& record, const Subset& trained) {
    return 2 * static_cast<double>(trained.size()) *
           record.values.at("gradient_norm").get<double>();
  }

  // What the training wrote down that the model goes back to, read once; null where none was.
  static MethodStatePtr start_of(const Task& task) {
    if (task.state && task.state->values.at("retrainings").get<double>() > 0) return task.state;
    return task.record ? task.record() : nullptr;
  }

  static Account account_before(const Task& task, const MethodStatePtr& start) {
    Account account;
    account.start = start;
    if (!task.state) {
      account.spent = left_by_training(*start, task.train);
      return account;
    }
    const Json& values = task.state->values;
    account.spent = values.at("spent").get<double>();
    account.requests = values.at("requests").get<double>();
    account.retrainings = values.at("retrainings").get<double>();
    return account;
  }

  // What a training inside wrote down goes on with the account; the original's is in its record.
  static MethodStatePtr state_of(const Account& account) {
    MethodState state;
    if (account.retrainings > 0) state = *account.start;
    state.values["spent"] = account.spent;
    state.values["requests"] = account.requests;
    state.values["retrainings"] = account.retrainings;
    return std::make_shared<MethodState>(std::move(state));
  }

  MethodStatePtr train_anew(Model& model, const Task& task, Context& context) const {
    const auto record = std::make_shared<MethodState>();
    train_by_plan(model, task.retain, training_plan({task.recipe}), context, *record);
    return record;
  }

  Step newton_step(const Model& model, const LinearWeights& weights, const Task& task,
                   const MethodState& start, Context& context) const {
    const Objective& objective = task.objective();
    const Tensor w = weights.matrix(model.theta());
    const LinearHessian hessian(weights, w, task.retain, objective);
    const Tensor delta = gradient_of_removed(weights, w, task.forget, objective, context);
    const BlockOperator inverse = inverse_of(start, hessian, task.retain, context.cost);
    const LinearSolution solution = solve_near(hessian, delta, inverse, tolerance_);
    context.cost.add_gradients(solution.passes * task.retain.size());
    const double singular = start.values.at(kLargestSingular).get<double>();
    const double gamma = largest_third_derivative(objective.loss);
    const Tensor& along = solution.image.along;
    const double lengths = (solution.step.norm(2, 0) * along.norm(2, 0)).norm().item<double>();
    return {.direction = solution.step,
            .bound = solution.left + gamma / 2 * singular * along.square().norm().item<double>(),
            .curvature =
                largest_second_derivative(objective.loss) * singular * singular + hessian.ridge(),
            .published = gamma > 0 ? 0.25 * singular * lengths : 0,
            .worst_case = worst_case(start, hessian, delta, gamma),
            .passes = solution.passes};
  }

  // gamma/2 |X|_F |d|^2 (sum_i |x_i|^4)^1/2, |d| <= |Delta| / (l2 n_r): without a solve, X that of
  // the original's inputs.
  static double worst_case(const MethodState& start, const LinearHessian& hessian,
                           const Tensor& delta, double gamma) {
    const double longest = delta.norm().item<double>() / hessian.ridge();
    return gamma / 2 * longest * longest *
           std::sqrt(start.values.at(kSquaredLengths).get<double>() *
                     start.values.at(kFourthPowers).get<double>());
  }

  static Tensor gradient_of_removed(const LinearWeights& weights, const Tensor& w,
                                    const Subset& forget, const Objective& objective,
                                    Context& context) {
    const Batch batch = forget.batch(0, forget.size(), at::kDouble);
    const Tensor x = weights.inputs(batch.inputs);
    context.cost.add_gradients(batch.size());
    return x.t()
        .matmul(objective.output_gradients(x.matmul(w), batch.targets))
        .add(w, objective.l2 * static_cast<double>(forget.size()));
  }

  static BlockOperator inverse_of(const MethodState& start, const LinearHessian& hessian,
                                  const Subset& left, CostMeter& cost) {
    const Tensor kept = start.tensor(kInverseMeanHessian);
    if (kept.defined()) return BlockOperator(kept, 1 / static_cast<double>(left.size()));
    Tensor inverse = hessian.inverse();
    cost.add_products(static_cast<double>(inverse.size(1)), left.size());
    return BlockOperator(std::move(inverse));
  }

  // Takes the step; returns what it adds to the gradient's bound, with the rounding of the model's
  // type in it.
  static double apply(Model& model, const LinearWeights& weights, const Step& step) {
    const Tensor before = weights.matrix(model.theta()).clone();
    model.set_theta(weights.flat(before + step.direction));
    const Tensor rounding = weights.matrix(model.theta()) - before - step.direction;
    return step.bound + step.curvature * rounding.norm().item<double>();
  }

  Json details_of(const Certificate& certificate, const Account& account, const Step& step,
                  bool retrains) const {
    return {{"certificate", certificate.to_json()},
            {"bound", step.bound},
            {"published_bound", step.published},
            {"worst_case", step.worst_case},
            {"passes", step.passes},
            {"spent", account.spent},
            {"budget", budget()},
            {"budget_left", 1 - account.spent / budget()},
            {"retrained", retrains},
            {"retrainings", account.retrainings}};
  }

  double epsilon_, delta_, sigma_, tolerance_;
};

}  // namespace

MethodInfo certified_newton_method() {
  return {
      .name = "certified_newton",
      .summary = "Newton steps on a perturbed linear model, within a privacy budget",
      .reference = "Guo et al. 2020, arXiv 1911.03030",
      .definition =
          "w + d, H d = Delta, Delta the sum over the forget set of the loss's gradients + l2 m w, "
          "H the sum over what remains of second derivatives + l2 n_r I, for a model that was "
          "trained with b'w / n, b ~ N(0, sigma^2 I), in its objective. Such a step adds at most "
          "|H d - Delta| + gamma/2 |X| |(Xd) o (Xd)| to the gradient, gamma = 1/(6 sqrt 3) (0 for "
          "squared_error). These and 2 n times the gradient's norm that training left add up to "
          "sigma min(epsilon / sqrt(2 ln(1.5/delta)), mu(epsilon, delta)) at most; a request that "
          "would pass it is answered by training anew.",
      .needs_retain_data = true,
      .needs_forget_data = true,
      .supports_adding = false,
      .version = 2,  // the certificate has all its assumptions
      .make = make_unlearner<CertifiedNewton>};
}

}  // namespace oubli
