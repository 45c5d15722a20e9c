// CE-U: learn one's own prediction without the forgotten token.
//
//   min  mean over D_u of -sum_j q_j ln softmax(z)_j,   q = softmax(z with z_y = -infinity)
//
// q is that of the model as it is at the step, not differentiated; a mean over the asked tokens of
// a sequence. The gradient in the scores is p - q: p_y at y, and -p_y q_j elsewhere, so that it is
// bounded and goes to 0 with p_y. It needs no reference model and no other data. l2 is left out.
// Source: Yang 2025 (arXiv 2503.01224), who passes over the first token of an answer; here `skip`
// is 0, since answers may have one token. Rate and epochs are for models of 100,000 parameters,
// theirs (1e-5) for ones of 1e9 and more. Cost: m times the epochs.
#include <ATen/ATen.h>

#include <limits>

#include "core/unlearn/forget_loss.h"
#include "core/unlearn/unlearner.h"

namespace oubli {
namespace {

class CeU : public Unlearner {
 public:
  explicit CeU(const Settings& settings)
      : tokens_(read_asked_tokens(settings)),
        skip_(settings.integer("skip", {.default_value = 0,
                                        .at_least = 0,
                                        .doc = "first asked tokens that the loss passes over"})),
        steps_(DescentSettings::read(settings, language_steps(10, 3e-5, "constant"),
                                     "the forget set")) {}

  std::optional<double> estimate_cost(const Task& task) const override {
    return static_cast<double>(task.forget.size() * steps_.epochs);
  }

  UnlearnReport unlearn(Model& model, const Task& task, Context& context) const override {
    require_tokens(task);
    TrainingRecipe recipe = steps_.recipe(task.recipe);
    recipe.objective.l2 = 0;
    Descent descent(model, recipe, context);
    BatchStream forget = descent.batches(task.forget);
    while (descent.next_epoch()) {
      for (const Batch& u : forget) {
        descent.step(descent.loss(u, [&](const Tensor& outputs) {
          const Tensor label = u.targets.clamp_min(0).unsqueeze(2);
          const double none = -std::numeric_limits<double>::infinity();
          const Tensor q = outputs.detach().scatter(2, label, none).softmax(2);
          return mean_of_asked(-(q * outputs.log_softmax(2)).sum(2),
                               asked(*task.forget.dataset, u));
        }));
      }
    }
    return report_of(descent.report());
  }

 private:
  // [b, t], without those that are passed over.
  Tensor asked(const Dataset& data, const Batch& batch) const {
    const Tensor all = asked_tokens(tokens_, data, batch);
    return skip_ == 0 ? all : all * all.cumsum(1).gt(static_cast<double>(skip_));
  }

  void require_tokens(const Task& task) const {
    if (task.forget.empty()) return;
    const Batch all = task.forget.batch(0, task.forget.size(), at::kFloat);
    if (asked(*task.forget.dataset, all).any().item<bool>()) return;
    throw Error(ErrorKind::kTask,
                "ce_u: passing over the first tokens leaves none to forget: set skip lower, or "
                "tokens: all");
  }

  AskedTokens tokens_;
  std::int64_t skip_;
  DescentSettings steps_;
};

}  // namespace

MethodInfo ce_u_method() {
  return {.name = "ce_u",
          .summary = "learns the model's own prediction without the forgotten token",
          .reference = "Yang 2025, arXiv 2503.01224",
          .definition =
              "Steps on the mean over a forget batch of the cross-entropy of softmax(scores) to "
              "softmax(scores with that of the true token at -infinity), the latter not "
              "differentiated, of a sequence the mean over its asked tokens (of the answer, or "
              "all) but the first `skip`; without l2.",
          .needs_retain_data = false,
          .needs_forget_data = true,
          .supports_adding = false,
          .takes_labels = false,
          .takes_sequences = true,
          .make = make_unlearner<CeU>};
}

}  // namespace oubli
