// Direct preference optimisation: prefer another answer to the one that is to be forgotten.
//
//   min  -gamma (2 / beta) mean ln sigmoid( beta (r(y_i) - r(y_u)) ) + alpha mean nll_r,
//   r(y) = ln p(y | x) - ln p_o(y | x)
//
// y_i the other answer, p the probability of all asked tokens of a sequence, p_o the original's.
// Source: Rafailov et al. 2023 (arXiv 2305.18290), for unlearning Maini et al. 2024 (arXiv
// 2401.06121), beta of theirs; their code leaves 2 / beta out, which makes the loss twenty times
// smaller beside that on what remains. The other answer is `answer`, or in a change of facts the
// new one (core/unlearn/alternatives.h), which is the alternative preference optimisation of Mekala
// et al. 2024 (arXiv 2409.13474). The original's nll is one number for each sentence, computed
// once. An epoch and the default steps: core/unlearn/forget_loss.h. Cost: 2 m / 3, and (3 m and
// what is added) times the epochs.
#include <ATen/ATen.h>

#include "core/unlearn/alternatives.h"
#include "core/unlearn/forget_loss.h"
#include "core/unlearn/preference_loss.h"
#include "core/unlearn/reference_losses.h"
#include "core/unlearn/unlearner.h"

namespace oubli {
namespace {

class Dpo : public Unlearner {
 public:
  explicit Dpo(const Settings& settings)
      : beta_(settings.real(
            "beta",
            {.default_value = 0.1, .above = 0, .doc = "how soon the preference is strong enough"})),
        answer_(read_answer(settings)),
        settings_(ForgetLossSettings::read(settings, {.alpha = 5, .steps = language_steps()})) {}

  std::optional<double> estimate_cost(const Task& task) const override {
    return settings_.cost(task, /*of_forget=*/2) + 2 * static_cast<double>(task.forget.size()) / 3;
  }

  void require(const Task& task) const override { alternatives_to(task, answer_); }

  UnlearnReport unlearn(Model& model, const Task& task, Context& context) const override {
    const Subset alternatives = alternatives_to(task, answer_);
    const Dataset &data = *task.forget.dataset, &others = *alternatives.dataset;
    const ReferenceLosses of_forgotten(model, task.forget, settings_.tokens, context);
    const ReferenceLosses of_others(model, alternatives, settings_.tokens, context);
    return settings_.descend(model, task, context, [&](const Batch& u) {
      const Batch i = alternative_batch(alternatives, u);
      return LossTerm(joined(u, i), [&, u, i](const Tensor& outputs) {
        const Tensors halves = outputs.chunk(2);
        const Tensor r_u =
            of_forgotten.of(u) - sequence_losses(halves[0], settings_.tokens, data, u);
        const Tensor r_i =
            of_others.of(i) - sequence_losses(halves[1], settings_.tokens, others, i);
        const Tensor loss = preference_loss(r_i - r_u, beta_);
        return at::cat({loss, loss});  // of each of the joined examples: the same mean
      });
    });
  }

 private:
  double beta_;
  std::string answer_;
  ForgetLossSettings settings_;
};

}  // namespace

MethodInfo dpo_method() {
  return {.name = "dpo",
          .summary = "prefers another answer to the forgotten one, each beside what it was",
          .reference =
              "Rafailov et al. 2023, arXiv 2305.18290; Maini et al. 2024, arXiv "
              "2401.06121; Mekala et al. 2024, arXiv 2409.13474",
          .definition =
              "Steps on -gamma (2 / beta) mean ln sigmoid(beta (r(other) - r(forgotten)))(forget "
              "batch) + alpha mean loss(batch of what remains) + added mean loss(batch of what is "
              "added), l2 included; r of a sentence is the original's nll minus the model's, nll "
              "the sum over the asked tokens (of the answer, or all) of -ln p. The other sentence "
              "is the added one with the same prompt where there is one, else that with `answer` "
              "in the answer's place. An epoch is a pass over the forget set.",
          .needs_retain_data = true,
          .needs_forget_data = true,
          .supports_adding = true,
          .takes_labels = false,
          .takes_sequences = true,
          .make = make_unlearner<Dpo>};
}

}  // namespace oubli
