// PDU: flat scores on what is to be forgotten, as flat as the loss on what remains allows.
//
//   min  gamma mean (max_j z_j - mean_j z_j)^2 over D_u   subject to  mean nll_r <= eps
//
// by primal and dual steps: each step is on gamma F + lambda (nll_r - eps), and behind it, once
// `warm_up` epochs are over,
//
//   lambda <- max(0, lambda + dual_step (nll_r - eps))
//
// with the nll of the step's batch. F, a mean over the asked tokens of a sequence, is 0 where all
// tokens are equally likely, and has no logarithm to run away with. Source: Entesari et al. 2025
// (arXiv 2506.05314); lambda, dual step and warm-up are those of their TOFU runs (100, 5, 5), eps
// theirs by the data set (0.3 there); `auto` is the original's own loss on what remains: no worse
// than it was. Released code takes F over prompts and padding too. What is added is learnt with the
// weight lambda, or 1 where that is more. Rate and epochs are for models of 100,000 parameters,
// theirs (1e-5, 10 epochs) for ones of 1e9 and more. Cost: (2 m and what is added) times the
// epochs, and n_r / 3 for eps.
#include <ATen/ATen.h>

#include <algorithm>

#include "core/unlearn/forget_loss.h"
#include "core/unlearn/unlearner.h"

namespace oubli {
namespace {

class Pdu : public Unlearner {
 public:
  explicit Pdu(const Settings& settings)
      : eps_(settings.real_or("eps", "auto",
                              {.doc = "loss on what remains that is allowed; auto: the "
                                      "original's"})),
        lambda_(
            settings.real("lambda", {.default_value = 100,
                                     .at_least = 0,
                                     .doc = "weight of the loss on what remains, at the start"})),
        dual_step_(settings.real(
            "dual_step",
            {.default_value = 5, .at_least = 0, .doc = "of the weight, for each unit of loss"})),
        warm_up_(settings.integer(
            "warm_up",
            {.default_value = 5, .at_least = 0, .doc = "first epochs in which the weight stays"})),
        gamma_(settings.real(
            "gamma",
            {.default_value = 1, .at_least = 0, .doc = "weight of the loss on what is forgotten"})),
        tokens_(read_asked_tokens(settings)),
        steps_(DescentSettings::read(settings, language_steps(), "the forget set")) {}

  std::optional<double> estimate_cost(const Task& task) const override {
    const EditExamples seen = examples_beside(task, steps_);
    return seen.forget + seen.retain + seen.added +
           (eps_ ? 0 : static_cast<double>(task.retain.size()) / 3);
  }

  UnlearnReport unlearn(Model& model, const Task& task, Context& context) const override {
    if (task.forget.empty() && task.added.empty()) return {};
    const Objective& objective = task.objective();
    const double eps = eps_ ? *eps_ : original_loss(model, task, context);
    Descent descent(model, steps_.recipe(task.recipe), context);
    double lambda = lambda_, of_batch = 0;
    std::vector<double> lambdas;
    const auto seen_loss = [&](const Batch& r) {
      return descent.loss(r, [&](const Tensor& outputs) {
        const Tensor losses = objective.losses(outputs, r.targets);
        const Tensor weighted = r.weights.defined() ? losses * r.weights : losses;
        of_batch = weighted.mean().item<double>();
        return losses;
      });
    };
    descend_beside(descent, task, [&](const EditBatches& b) {
      descent.step(gamma_ * flatness(descent, task, b.forget) + lambda * seen_loss(b.retain) +
                   std::max(lambda, 1.0) * descent.loss(b.added));
      if (descent.epoch() < warm_up_) return;
      lambda = std::max(0.0, lambda + dual_step_ * (of_batch - eps));
    });
    UnlearnReport report = report_of(descent.report());
    report.details["eps"] = eps;
    report.details["lambda"] = lambda;
    return report;
  }

 private:
  static double original_loss(const Model& model, const Task& task, Context& context) {
    return value_only(model, task.retain, {task.objective().loss, 0}, context.cost).loss;
  }

  LossTerm flatness(const Descent& descent, const Task& task, const Batch& u) const {
    return descent.loss(u, [this, &u, &data = *task.forget.dataset](const Tensor& outputs) {
      const Tensor height = std::get<0>(outputs.max(2)) - outputs.mean(2);
      return mean_of_asked(height.square(), asked_tokens(tokens_, data, u));
    });
  }

  std::optional<double> eps_;
  double lambda_, dual_step_;
  std::int64_t warm_up_;
  double gamma_;
  AskedTokens tokens_;
  DescentSettings steps_;
};

}  // namespace

MethodInfo pdu_method() {
  return {.name = "pdu",
          .summary = "flattens the scores of forgotten answers as far as what remains allows",
          .reference = "Entesari et al. 2025, arXiv 2506.05314",
          .definition =
              "Steps on gamma mean (max score - mean score)^2(forget batch) + lambda mean "
              "loss(batch of what remains) + max(lambda, 1) mean loss(batch of what is added), l2 "
              "included; the first of a sequence is its mean over the asked tokens (of the answer, "
              "or all). Behind each step from epoch warm_up on, lambda <- max(0, lambda + "
              "dual_step (loss of the batch of what remains - eps)). eps auto: the original's "
              "mean loss over what remains. An epoch is a pass over the forget set.",
          .needs_retain_data = true,
          .needs_forget_data = true,
          .supports_adding = true,
          .takes_labels = false,
          .takes_sequences = true,
          .make = make_unlearner<Pdu>};
}

}  // namespace oubli
