// FLAT: raise the probability of another answer and lower that of the forgotten one, by as much as
// tells the two apart best.
//
//   min  mean over D_u of  -g(P_i) + f*(g(P_u)),   P: mean probability of the asked tokens
//
//   divergence         g(v)                  f*(g(v))
//   total_variation    tanh(v) / 2           tanh(v) / 2
//   kl                 v                     exp(v - 1)
//   pearson            v                     v^2 / 4 + v
//   jensen_shannon     ln 2 - ln(1 + e^-v)   v + ln(1 + e^-v) - ln 2
//
// the variational bound of an f-divergence (Nowozin et al. 2016, arXiv 1606.00709) between what is
// to be said, the sentence with `answer`, and what is to be forgotten. P lies between 0 and 1,
// where the slopes of g hardly change: it is close to raising P_i and lowering P_u, not their
// logarithms, and so it is bounded, and slow where P_i is near 0. No other data is needed. Source:
// Wang et al. 2024 (arXiv 2410.11143). Their code takes P as a mean over all positions, with 0 at
// prompt and padding, and over the batch; here over the asked tokens of each sequence. l2 is left
// out. Rate and epochs are for models of 100,000 parameters, theirs (1e-5, 5 epochs) for ones of
// 1e9 and more. Cost: 2 m times the epochs.
#include <ATen/ATen.h>

#include <cmath>

#include "core/unlearn/alternatives.h"
#include "core/unlearn/forget_loss.h"
#include "core/unlearn/unlearner.h"

namespace oubli {
namespace {

struct Variational {
  Tensor activation, conjugate;  // g(v) and f*(g(v))
};

Variational variational(const std::string& divergence, const Tensor& v) {
  if (divergence == "kl") return {v, (v - 1).exp()};
  if (divergence == "pearson") return {v, v.square() / 4 + v};
  if (divergence == "jensen_shannon") {
    const Tensor g = std::log(2.0) + at::log_sigmoid(v);
    return {g, v - g};
  }
  const Tensor g = v.tanh() / 2;
  return {g, g};
}

class Flat : public Unlearner {
 public:
  explicit Flat(const Settings& settings)
      : divergence_(settings.choice(
            "divergence", {.default_value = "total_variation",
                           .valid = {"total_variation", "kl", "pearson", "jensen_shannon"},
                           .doc = "between what is to be said and what is to be forgotten"})),
        answer_(read_answer(settings)),
        tokens_(read_asked_tokens(settings)),
        steps_(DescentSettings::read(settings, language_steps(20, 1e-5, "constant"),
                                     "the forget set")) {}

  std::optional<double> estimate_cost(const Task& task) const override {
    return static_cast<double>(2 * task.forget.size() * steps_.epochs);
  }

  void require(const Task& task) const override { alternatives_to(task, answer_); }

  UnlearnReport unlearn(Model& model, const Task& task, Context& context) const override {
    const Subset alternatives = alternatives_to(task, answer_);
    const auto probability = [&](const Tensor& outputs, const Subset& set, const Batch& batch) {
      const Tensor p = token_losses(outputs, batch.targets).neg().exp();
      return mean_of_asked(p, asked_tokens(tokens_, *set.dataset, batch));
    };
    TrainingRecipe recipe = steps_.recipe(task.recipe);
    recipe.objective.l2 = 0;
    Descent descent(model, recipe, context);
    BatchStream forget = descent.batches(task.forget);
    while (descent.next_epoch()) {
      for (const Batch& u : forget) {
        const Batch i = alternative_batch(alternatives, u);
        const LossTerm said = descent.loss(i, [&](const Tensor& outputs) {
          return variational(divergence_, probability(outputs, alternatives, i)).activation;
        });
        const LossTerm forgotten = descent.loss(u, [&](const Tensor& outputs) {
          return variational(divergence_, probability(outputs, task.forget, u)).conjugate;
        });
        descent.step(forgotten - said);
      }
    }
    return report_of(descent.report());
  }

 private:
  std::string divergence_, answer_;
  AskedTokens tokens_;
  DescentSettings steps_;
};

}  // namespace

MethodInfo flat_method() {
  return {.name = "flat",
          .summary = "raises the probability of another answer and lowers the forgotten one's",
          .reference = "Wang et al. 2024, arXiv 2410.11143",
          .definition =
              "Steps on the mean over a forget batch of f*(g(P_u)) - g(P_i), without l2; P_u the "
              "mean over the asked tokens (of the answer, or all) of a sentence of their "
              "probability, P_i that of the sentence with `answer` in the answer's place. "
              "total_variation: g(v) = f*(g(v)) = tanh(v) / 2; kl: v and exp(v - 1); pearson: v "
              "and v^2 / 4 + v; jensen_shannon: ln 2 - ln(1 + e^-v) and v + ln(1 + e^-v) - ln 2.",
          .needs_retain_data = false,
          .needs_forget_data = true,
          .supports_adding = false,
          .takes_labels = false,
          .takes_sequences = true,
          .make = make_unlearner<Flat>};
}

}  // namespace oubli
