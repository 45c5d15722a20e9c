// KL minimisation: ascent on what is to be forgotten, and the original's predictions elsewhere.
//
//   min  -gamma mean nll_u + alpha mean KL( p_o || p )  over the tokens of what remains
//
// p_o the original's distribution over the next token, nll of a sequence the mean over its asked
// tokens. Source: Maini et al. 2024 (arXiv 2401.06121), who weigh both by 1; from Yao et al. 2023
// (arXiv 2310.10683). The divergence is a mean over the tokens of each sequence: released code
// divides by all positions, padding included, whose divergence it counts too. What is added is
// learnt by the training loss, since the original does not know it. At the original the divergence
// is 0 and has no gradient: it holds only once the ascent has moved. The loss has no lower bound.
// An epoch and the default steps: core/unlearn/forget_loss.h. Cost: (m, 4/3 m of what remains, and
// what is added) times the epochs.
#include "core/unlearn/forget_loss.h"
#include "core/unlearn/teacher.h"
#include "core/unlearn/unlearner.h"

namespace oubli {
namespace {

class KlMin : public Unlearner {
 public:
  explicit KlMin(const Settings& settings)
      : settings_(ForgetLossSettings::read(settings,
                                           {.alpha = 5, .added = 8, .steps = language_steps()})) {}

  std::optional<double> estimate_cost(const Task& task) const override {
    const double teacher = settings_.alpha > 0 ? examples_beside(task, settings_.steps).retain : 0;
    return settings_.cost(task) + teacher / 3;
  }

  UnlearnReport unlearn(Model& model, const Task& task, Context& context) const override {
    const Objective& objective = task.objective();
    const Dataset& data = *task.forget.dataset;
    const Teacher original(model);
    Descent descent(model, settings_.steps.recipe(task.recipe), context);
    const auto ascended = [&](const Batch& u) {
      return descent.loss(u, [&](const Tensor& outputs) {
        return mean_token_losses(outputs, settings_.tokens, data, u);
      });
    };
    const auto held = [&](const Batch& r) {
      return descent.loss(r, [&, given = original.outputs(r, context)](const Tensor& outputs) {
        return divergence(objective, given, outputs, /*temperature=*/1, r.targets);
      });
    };
    descend_beside(descent, task, [&](const EditBatches& b) {
      LossTerm term =
          settings_.added * descent.loss(b.added) - settings_.gamma * ascended(b.forget);
      if (settings_.alpha > 0 && b.retain.size() > 0) term += settings_.alpha * held(b.retain);
      descent.step(term);
    });
    return report_of(descent.report());
  }

 private:
  ForgetLossSettings settings_;
};

}  // namespace

MethodInfo kl_min_method() {
  return {
      .name = "kl_min",
      .summary = "climbs the loss of forgotten answers, near the original's predictions else",
      .reference = "Maini et al. 2024, arXiv 2401.06121; Yao et al. 2023, arXiv 2310.10683",
      .definition =
          "Steps on -gamma mean nll(forget batch) + alpha mean KL(original || model)(batch of what "
          "remains) + added mean loss(batch of what is added), l2 included; nll of a sequence is "
          "the mean over the asked tokens of -ln p, the divergence the mean over all its tokens of "
          "that between the next token's distributions. An epoch is a pass over the forget set.",
      .needs_retain_data = true,
      .needs_forget_data = true,
      .supports_adding = true,
      .takes_labels = false,
      .takes_sequences = true,
      .make = make_unlearner<KlMin>};
}

}  // namespace oubli
