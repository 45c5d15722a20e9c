// UNDIAL: learn the original's own prediction, in which the forgotten token is made less likely.
//
//   min  gamma mean KL( softmax(z_o - beta e_y) || softmax(z) ) + alpha mean nll_r
//
// z_o the original's scores, which stay what they are, y the forgotten token, a mean over the asked
// tokens of a sequence. All other ratios are kept, the minimum is reached and nothing diverges; the
// odds of y fall by a factor of exp(beta). With beta 0 the original is the minimum. Source: Dong et
// al. 2024 (arXiv 2402.10052), beta of released code, which has alpha 0, averages over prompts and
// padding too, and takes the token from the vocabulary's end where nothing is asked; here they are
// left out. An epoch and the default steps: core/unlearn/forget_loss.h. Cost: (4/3 m, m of what
// remains where alpha is not 0, and what is added) times the epochs.
#include <ATen/ATen.h>

#include "core/unlearn/forget_loss.h"
#include "core/unlearn/teacher.h"
#include "core/unlearn/unlearner.h"

namespace oubli {
namespace {

class Undial : public Unlearner {
 public:
  explicit Undial(const Settings& settings)
      : beta_(settings.real("beta", {.default_value = 10,
                                     .at_least = 0,
                                     .doc = "taken from the score of the forgotten token"})),
        settings_(ForgetLossSettings::read(settings, {.added = 5, .steps = language_steps()})) {}

  std::optional<double> estimate_cost(const Task& task) const override {
    return settings_.cost(task, /*of_forget=*/4.0 / 3);
  }

  UnlearnReport unlearn(Model& model, const Task& task, Context& context) const override {
    const Dataset& data = *task.forget.dataset;
    const Teacher original(model);
    return settings_.descend(model, task, context, [&](const Batch& u) {
      const Tensor scores = original.outputs(u, context);
      const Tensor label = u.targets.clamp_min(0).unsqueeze(2);
      const Tensor q = scores.scatter(2, label, scores.gather(2, label) - beta_).softmax(2);
      return LossTerm(u, [&, u, q](const Tensor& outputs) {
        const Tensor kl = (at::xlogy(q, q) - q * outputs.log_softmax(2)).sum(2);
        return mean_of_asked(kl, asked_tokens(settings_.tokens, data, u));
      });
    });
  }

 private:
  double beta_;
  ForgetLossSettings settings_;
};

}  // namespace

MethodInfo undial_method() {
  return {.name = "undial",
          .summary = "learns the original's prediction with the forgotten token made unlikely",
          .reference = "Dong et al. 2024, arXiv 2402.10052",
          .definition =
              "Steps on gamma mean KL(softmax(original's scores, that of the true token less by "
              "beta) || softmax(model's))(forget batch) + alpha mean loss(batch of what remains) + "
              "added mean loss(batch of what is added), l2 included; the divergence of a sequence "
              "is its mean over the asked tokens (of the answer, or all). An epoch is a pass over "
              "the forget set.",
          .needs_retain_data = true,
          .needs_forget_data = true,
          .supports_adding = true,
          .takes_labels = false,
          .takes_sequences = true,
          .make = make_unlearner<Undial>};
}

}  // namespace oubli
