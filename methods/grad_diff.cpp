// Gradient difference: ascent on what is to be forgotten, descent on what remains.
//
//   min  -gamma mean nll_u + alpha mean nll_r,   nll of a sequence: mean over its asked tokens
//
// Source: Liu et al. 2022 (arXiv 2203.12817), in the form of Maini et al. 2024 (arXiv 2401.06121),
// who weigh both by 1. An epoch, what is added, means and the default steps:
// core/unlearn/forget_loss.h; it differs from NegGrad+ in what an epoch is a pass over, and in the
// tokens that the ascent looks at. The loss has no lower bound: too many steps destroy the model,
// and alpha 5 holds it for longer. Cost: (2 m and what is added) times the epochs.
#include "core/unlearn/forget_loss.h"
#include "core/unlearn/unlearner.h"

namespace oubli {
namespace {

class GradDiff : public Unlearner {
 public:
  explicit GradDiff(const Settings& settings)
      : settings_(ForgetLossSettings::read(settings,
                                           {.alpha = 5, .added = 8, .steps = language_steps()})) {}

  std::optional<double> estimate_cost(const Task& task) const override {
    return settings_.cost(task);
  }

  UnlearnReport unlearn(Model& model, const Task& task, Context& context) const override {
    const Dataset& data = *task.forget.dataset;
    return settings_.descend(model, task, context, [&](const Batch& u) {
      return -LossTerm(u, [&, u](const Tensor& outputs) {
        return mean_token_losses(outputs, settings_.tokens, data, u);
      });
    });
  }

 private:
  ForgetLossSettings settings_;
};

}  // namespace

MethodInfo grad_diff_method() {
  return {
      .name = "grad_diff",
      .summary = "climbs the loss of forgotten answers, and descends that of what remains",
      .reference = "Liu et al. 2022, arXiv 2203.12817; Maini et al. 2024, arXiv 2401.06121",
      .definition =
          "Steps on -gamma mean nll(forget batch) + alpha mean loss(batch of what remains) + added "
          "mean loss(batch of what is added), l2 included; nll of a sequence is the mean over the "
          "asked tokens (of the answer, or all) of -ln p. An epoch is a pass over the forget set.",
      .needs_retain_data = true,
      .needs_forget_data = true,
      .supports_adding = true,
      .takes_labels = false,
      .takes_sequences = true,
      .make = make_unlearner<GradDiff>};
}

}  // namespace oubli
