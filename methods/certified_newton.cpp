// Certified removal from a linear model: Newton steps whose error is bounded, and hidden by a
// perturbation that the original was trained with.
//
//   L_b(w; D) = sum over D of l(x'w, y) + (l2 n / 2) |w|^2 + b'w,  b ~ N(0, sigma^2 I), drawn once
//   Delta = sum over D_u of grad l + l2 m w,   w' = w + d,  H d ~ Delta,  H = sum over D_r
//   |grad L_b(w'; D_r)| <= |grad L_b(w; D)| + e
//
// with e from what training wrote down (curvature: training; removal_step.h), at the price of
// matrix products whatever n is. The e of requests add up. Where they would pass the budget, what
// is left is looked at: the gradient that is there is measured, in the account's place, and the
// step is H d ~ -grad L_b(w; D_r), with the present H where its e needs it. With curvature: current
// every request is a look at H, and e the tighter bound
//
//   e = |H d - Delta| + gamma/2 |X| |(Xd) o (Xd)|
//
// and the account is never replaced by a measurement, as published. gamma is a bound of |l'''|:
// 1/(6 sqrt 3) for the logistic loss, 0 for the squared error, whose step is exact; the published
// e, gamma |X| |d| |Xd| with gamma = 1/4 and for |x| <= 1, is reported too. |X| is that of the
// original's inputs, which only falls as rows leave. With n times the gradient's norm that training
// left (once for the original where nothing was measured, once for the comparator) the account must
// stay within
//
//   sigma min(epsilon / c, mu(epsilon, delta)),   c = sqrt(2 ln(1.5 / delta)):
//
// a request that would not is answered by training anew with another b, and the account begins
// again. c is the authors', proved for epsilon < 1; the analytic Gaussian's mu is smaller where c
// is not enough. Each release is covered by itself: the gradients that several of them leave, with
// one b, tell together what no b hides. Several outputs (one against rest) are one problem: b and
// the gradients are those of all outputs together. Source: Guo et al. 2020 (arXiv 1911.03030),
// theorems 1, 3, 4, equation (6); the bound without a look is this toolkit's.
//
// Cost: a gradient for each example of D_u and of what left before; a look two or three passes
// through what remains, each a sample-gradient for each example.
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
#include "core/unlearn/private_release.h"
#include "core/unlearn/removal_account.h"
#include "core/unlearn/training_procedure.h"

namespace oubli {
namespace {

using Status = Assumption::Status;

// A step, and what the account is with it.
struct Removal {
  RemovalStep step;
  double spent = 0;
  Look last;
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
            {.default_value = 1e-2, .above = 0, .below = 1, .doc = "of the solve, relative"})),
        goes_by_record_(
            settings.choice("curvature", {.default_value = "training",
                                          .valid = {"training", "current"},
                                          .doc = "as training left it, with a look at what is left "
                                                 "where the account needs one, or looked at in "
                                                 "each request"}) == "training") {}

  TrainingPlan training_plan(TrainingPlan standard) const override {
    standard = trained_to_the_minimum(std::move(standard));
    standard.procedure = "perturbed";
    // Record 2 has what steps without a look at the data need.
    standard.settings = {{"sigma", sigma_}, {"record", 2}};
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
    RemovalAccount account = RemovalAccount::before(task, start);
    const LinearPlace place{weights, weights.matrix(model.theta()), task.objective()};
    const Tensor delta = summed_gradient(place, task.forget, context.cost);
    const Removal removal = removal_of(model, place, task, delta, account, context.cost);
    const Tensor before = model.theta().clone();
    const bool retrains = !is_affordable(removal.spent);
    if (retrains) {
      account.train_anew(train_anew(model, task, context), task.retain.size());
      report.message = fmt::format("the budget of {:.3g} was spent: trained anew", budget());
    } else {
      model.set_theta(place.weights.flat(place.w + removal.step.step));
      account.spent = removal.spent;
      account.last = removal.last;
    }
    ++account.requests;
    certificate.sensitivity = account.spent;
    certificate.assumptions.push_back(
        {fmt::format("the gradient that is left stays within the budget, {:.3g}", budget()),
         is_affordable(account.spent) ? Status::kChecked : Status::kFails});
    if (!certificate.holds()) {
      model.set_theta(before);
      return certified(certificate);
    }
    report.details = details_of(certificate, account, removal, retrains);
    report.details["published_bound"] = published_bound(place, removal.step, account.training);
    report.details["worst_case"] = worst_case(place, task.retain.size(), delta, account.training);
    report.state = account.state();
    return report;
  }

 private:
  // Not what is no number.
  bool is_affordable(double spent) const { return spent <= budget(); }
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

  MethodStatePtr train_anew(Model& model, const Task& task, Context& context) const {
    const auto record = std::make_shared<MethodState>();
    train_by_plan(model, task.retain, training_plan({task.recipe}), context, *record);
    return record;
  }

  Removal removal_of(const Model& model, const LinearPlace& place, const Task& task,
                     const Tensor& delta, const RemovalAccount& account, CostMeter& cost) const {
    const NewtonRecord& training = account.training;
    // As the model's type will hold it.
    const auto taken = [&](RemovalStep step) {
      step.bound += rounding_bound(model, place, step, training);
      return step;
    };
    // What the record is of must be what left and what stayed.
    const auto rows = static_cast<double>(account.removed.numel() + task.retain.size());
    if (!goes_by_record_ || !training.has_inverse() || rows != training.examples) {
      const RemovalStep step =
          taken(looked_step(place, task.retain, delta, training, tolerance_, cost));
      return {step, account.spent + step.bound, account.last};
    }
    const Subset gone = task.forget.with_rows(account.removed);
    const RecordedHessian hessian(place, training, gone, task.retain.size());
    const RemovalStep blind = taken(hessian.step(delta, account.last, tolerance_, cost));
    if (is_affordable(account.spent + blind.bound)) {
      return {blind, account.spent + blind.bound, account.last};
    }
    const Look look = look_at(place, task.retain, training, cost);
    const double measured = account.left_by_training(task.retain.size());
    const Tensor there = look.gradient + place.weights.matrix(account.start->tensor("b"));
    RemovalStep step = taken(hessian.step(-there, look, tolerance_, cost));
    if (!is_affordable(measured + step.bound)) {
      step = taken(looked_step(place, task.retain, -there, training, tolerance_, cost));
    }
    ++step.passes;
    return {step, measured + step.bound, look};
  }

  // For |x| <= 1, with gamma = 1/4.
  static double published_bound(const LinearPlace& place, const RemovalStep& step,
                                const NewtonRecord& record) {
    const bool is_exact = largest_third_derivative(place.objective.loss) == 0;
    return is_exact ? 0 : 0.25 * record.largest_singular * step.lengths;
  }

  // gamma/2 |X|_F |d|^2 (sum_i |x_i|^4)^1/2, |d| <= |Delta| / (l2 n_r): without a solve, X that of
  // the original's inputs.
  static double worst_case(const LinearPlace& place, std::int64_t left, const Tensor& delta,
                           const NewtonRecord& record) {
    const double ridge = place.objective.l2 * static_cast<double>(left);
    const double longest = delta.norm().item<double>() / ridge;
    return largest_third_derivative(place.objective.loss) / 2 * longest * longest *
           std::sqrt(record.squared_lengths * record.fourth_powers);
  }

  // What rounding the step's end to the model's type adds to the gradient.
  static double rounding_bound(const Model& model, const LinearPlace& place,
                               const RemovalStep& step, const NewtonRecord& record) {
    const Tensor exact = place.weights.flat(place.w + step.step);
    const Tensor rounding = exact.to(model.dtype()).to(at::kDouble) - exact;
    const double curvature = largest_second_derivative(place.objective.loss) *
                                 record.largest_singular * record.largest_singular +
                             place.objective.l2 * record.examples;
    return curvature * rounding.norm().item<double>();
  }

  Json details_of(const Certificate& certificate, const RemovalAccount& account,
                  const Removal& removal, bool retrains) const {
    return {{"certificate", certificate.to_json()},
            {"bound", removal.step.bound},
            {"passes", removal.step.passes},
            {"spent", account.spent},
            {"budget", budget()},
            {"budget_left", 1 - account.spent / budget()},
            {"retrained", retrains},
            {"retrainings", account.retrainings}};
  }

  double epsilon_, delta_, sigma_, tolerance_;
  bool goes_by_record_;
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
          "would pass it is answered by training anew. curvature training: H is what training "
          "wrote down, less what left, the bound has |H - H(w)| <= gamma |X| max|x| |w - w_0| in "
          "it, and data are read only where the account would pass the budget: the "
          "gradient is then measured, in the account's place, and the step solved with H(w).",
      .needs_retain_data = true,
      .needs_forget_data = true,
      .supports_adding = false,
      .version = 3,  // goes by what training wrote down
      .make = make_unlearner<CertifiedNewton>};
}

}  // namespace oubli
