// DELETE: distillation from the original with the true class taken out, on the forget set alone.
//
//   min  mean over D_u of KL( q || softmax(f(x; theta')) ),
//   q_y = 0,  q_j = p_j / (1 - p_y) for j != y,  p = softmax(f(x; theta))
//
// Source: Zhou et al. 2025 (arXiv 2503.23751), rate and epochs of their CIFAR-10 runs. Ratios
// between the other classes are kept, and the minimum is at softmax(f) = q exactly. Made for whole
// classes: on random examples it drives p_y to 0, where a retrained model mostly still predicts y.
// l2 is left out. Normalisations take the statistics of the forget set. Classification only:
// Error(kTask). Cost: 4/3 m times the epochs.
#include <ATen/ATen.h>

#include "core/train/descent_settings.h"
#include "core/unlearn/relabelling.h"
#include "core/unlearn/teacher.h"
#include "core/unlearn/unlearner.h"

namespace oubli {
namespace {

class Delete : public Unlearner {
 public:
  explicit Delete(const Settings& settings)
      : steps_(DescentSettings::read(settings, {.epochs = 20, .lr = 1e-4, .batch_size = 128},
                                     "the forget set")) {}

  std::optional<double> estimate_cost(const Task& task) const override {
    return 4.0 / 3.0 * static_cast<double>(task.forget.size() * steps_.epochs);
  }

  UnlearnReport unlearn(Model& model, const Task& task, Context& context) const override {
    require_classes(task, "delete");
    const Objective& objective = task.objective();
    const Teacher original(model);
    TrainingRecipe recipe = steps_.recipe(task.recipe);
    recipe.objective.l2 = 0;
    Descent descent(model, recipe, context);
    BatchStream forget = descent.batches(task.forget);
    while (descent.next_epoch()) {
      for (const Batch& u : forget) {
        const Tensor scores = objective.class_scores(original.outputs(u, context));
        const Tensor others = without_label(scores, u.targets).softmax(1);
        descent.step(descent.loss(
            u, [&](const Tensor& outputs) { return divergence_to(objective, others, outputs); }));
      }
    }
    return report_of(descent.report());
  }

 private:
  DescentSettings steps_;
};

}  // namespace

MethodInfo delete_method() {
  return {.name = "delete",
          .summary = "learns the original's prediction without the true class, on the forget set",
          .reference = "Zhou et al. 2025, arXiv 2503.23751",
          .definition =
              "Steps on the mean over the forget set of KL(q || softmax(model)), q the original's "
              "softmax with the true class at 0 and the others scaled to sum to 1; without l2.",
          .needs_retain_data = false,
          .needs_forget_data = true,
          .supports_adding = false,
          .make = make_unlearner<Delete>};
}

}  // namespace oubli
