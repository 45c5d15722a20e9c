// "I do not know": learns to give another answer where it is to forget.
//
//   min  gamma mean nll(other answer | prompt of D_u) + alpha mean nll_r
//
// nll of a sequence the mean over its asked tokens. Source: Maini et al. 2024 (arXiv 2401.06121),
// who draw one of a hundred sentences for each question and average over the tokens of both batches
// together; here the answer is `answer`, or in a change of facts the new one
// (core/unlearn/alternatives.h), and the two means are weighed. The loss is bounded below, and what
// was known is covered rather than removed. An epoch and the default steps:
// core/unlearn/forget_loss.h. Cost: (2 m and what is added) times the epochs.
#include "core/unlearn/alternatives.h"
#include "core/unlearn/forget_loss.h"
#include "core/unlearn/unlearner.h"

namespace oubli {
namespace {

class Idk : public Unlearner {
 public:
  explicit Idk(const Settings& settings)
      : answer_(read_answer(settings)),
        settings_(ForgetLossSettings::read(settings, {.alpha = 5, .steps = language_steps()})) {}

  std::optional<double> estimate_cost(const Task& task) const override {
    return settings_.cost(task);
  }

  void require(const Task& task) const override { alternatives_to(task, answer_); }

  UnlearnReport unlearn(Model& model, const Task& task, Context& context) const override {
    const Subset alternatives = alternatives_to(task, answer_);
    return settings_.descend(model, task, context, [&](const Batch& u) {
      const Batch other = alternative_batch(alternatives, u);
      return LossTerm(other, [&, other](const Tensor& outputs) {
        return mean_token_losses(outputs, settings_.tokens, *alternatives.dataset, other);
      });
    });
  }

 private:
  std::string answer_;
  ForgetLossSettings settings_;
};

}  // namespace

MethodInfo idk_method() {
  return {.name = "idk",
          .summary = "learns to say that it does not know, or what is to be said instead",
          .reference = "Maini et al. 2024, arXiv 2401.06121",
          .definition =
              "Steps on gamma mean nll(forget batch with other answers) + alpha mean loss(batch of "
              "what remains) + added mean loss(batch of what is added), l2 included; nll of a "
              "sequence is the mean over the asked tokens (of the answer, or all) of -ln p. The "
              "other answer is that of the added sentence with the same prompt where there is one, "
              "else `answer`. An epoch is a pass over the forget set.",
          .needs_retain_data = true,
          .needs_forget_data = true,
          .supports_adding = true,
          .takes_labels = false,
          .takes_sequences = true,
          .make = make_unlearner<Idk>};
}

}  // namespace oubli
