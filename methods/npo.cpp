// Negative preference optimisation: forget until the answer is much less likely than it was.
//
//   min  gamma (2 / beta) mean ln( 1 + (p(y_u) / p_o(y_u))^beta ) + alpha mean nll_r
//      = -gamma (2 / beta) mean ln sigmoid( beta (nll_u - nll_u,o) ) + ...
//
// p(y) the probability of all asked tokens of a sequence, p_o the original's. It is DPO with
// nothing that is preferred. Its gradient is ascent's times W = 2 p^beta / (p^beta + p_o^beta): 1
// at the original, ever smaller as the answer gets unlikely, so that the loss is bounded below by
// 0; for beta -> 0 it is ascent's. The original's nll is one number for each sequence, computed
// once. Source: Zhang et al. 2024 (arXiv 2404.05868), beta of theirs; they weigh both terms by 1.
// An epoch and the default steps: core/unlearn/forget_loss.h. Cost: m / 3, and (2 m and what is
// added) times the epochs.
#include <ATen/ATen.h>

#include "core/unlearn/forget_loss.h"
#include "core/unlearn/preference_loss.h"
#include "core/unlearn/reference_losses.h"
#include "core/unlearn/unlearner.h"

namespace oubli {
namespace {

class Npo : public Unlearner {
 public:
  explicit Npo(const Settings& settings)
      : beta_(settings.real(
            "beta",
            {.default_value = 0.1, .above = 0, .doc = "how soon the answer is unlikely enough"})),
        settings_(ForgetLossSettings::read(settings,
                                           {.alpha = 5, .added = 5, .steps = language_steps()})) {}

  std::optional<double> estimate_cost(const Task& task) const override {
    return settings_.cost(task) + static_cast<double>(task.forget.size()) / 3;
  }

  UnlearnReport unlearn(Model& model, const Task& task, Context& context) const override {
    const Dataset& data = *task.forget.dataset;
    const ReferenceLosses original(model, task.forget, settings_.tokens, context);
    return settings_.descend(model, task, context, [&](const Batch& u) {
      return LossTerm(u, [&, u](const Tensor& outputs) {
        const Tensor nll = sequence_losses(outputs, settings_.tokens, data, u);
        return preference_loss(nll - original.of(u), beta_);
      });
    });
  }

 private:
  double beta_;
  ForgetLossSettings settings_;
};

}  // namespace

MethodInfo npo_method() {
  return {.name = "npo",
          .summary = "makes forgotten answers unlikely beside what they were, ever more slowly",
          .reference = "Zhang et al. 2024, arXiv 2404.05868",
          .definition =
              "Steps on -gamma (2 / beta) mean ln sigmoid(beta (nll - nll of the original))(forget "
              "batch) + alpha mean loss(batch of what remains) + added mean loss(batch of what is "
              "added), l2 included; nll of a sequence is the sum over the asked tokens (of the "
              "answer, or all) of -ln p. An epoch is a pass over the forget set.",
          .needs_retain_data = true,
          .needs_forget_data = true,
          .supports_adding = true,
          .takes_labels = false,
          .takes_sequences = true,
          .make = make_unlearner<Npo>};
}

}  // namespace oubli
