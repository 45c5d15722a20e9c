// Boundary expanding: the forget set gets a class of its own, which is then taken away.
//
//   f+  the network with one output more, whose weights are drawn
//   min  mean over D_u of the cross-entropy of f+ to the new class, without l2
//   then the new output is left out
//
// so that the boundaries move towards what surrounds the forget set, and nothing else is learnt in
// its place. Source: Chen et al. 2023 (arXiv 2303.11570), steps of their CIFAR-10 runs: at their
// rate of 1e-5 little moves in a small network. With no step the original comes back, bit for bit.
// Made for whole classes: on random examples it runs, and moves their classes. Normalisations take
// the statistics of the forget set. Classification by an output for each class only: Error(kTask).
// Cost: m times the epochs.
#include <ATen/ATen.h>

#include "core/train/descent_settings.h"
#include "core/unlearn/relabelling.h"
#include "core/unlearn/unlearner.h"
#include "core/unlearn/wider_head.h"

namespace oubli {
namespace {

class BoundaryExpand : public Unlearner {
 public:
  explicit BoundaryExpand(const Settings& settings)
      : steps_(DescentSettings::read(settings, {.epochs = 10, .lr = 1e-5, .batch_size = 64},
                                     "the forget set")) {}

  std::optional<double> estimate_cost(const Task& task) const override {
    return static_cast<double>(task.forget.size() * steps_.epochs);
  }

  UnlearnReport unlearn(Model& model, const Task& task, Context& context) const override {
    require_classes(task, "boundary_expand");
    if (task.objective().loss != LossKind::kCrossEntropy || !task.make_model) {
      throw Error(ErrorKind::kTask,
                  "boundary_expand needs an output for each class (loss: cross_entropy), and a "
                  "task that can make a network with one more");
    }
    const std::int64_t classes = task.forget.dataset->outputs;
    Model wider = task.make_model(classes + 1);
    Generator initialisation = context.generator.stream("initialisation");
    wider.initialise(initialisation);
    copy_common(model, wider);
    TrainingRecipe recipe = steps_.recipe(task.recipe);
    recipe.objective.l2 = 0;
    Descent descent(wider, recipe, context);
    BatchStream forget = descent.batches(task.forget);
    while (descent.next_epoch()) {
      for (Batch u : forget) {
        u.targets = at::full_like(u.targets, classes);
        descent.step(descent.loss(u));
      }
    }
    copy_common(wider, model);
    return report_of(descent.report());
  }

 private:
  DescentSettings steps_;
};

}  // namespace

MethodInfo boundary_expand_method() {
  return {.name = "boundary_expand",
          .summary = "learns the forget set as a class of its own, which is then taken away",
          .reference = "Chen et al. 2023, arXiv 2303.11570",
          .definition =
              "Steps on the mean over the forget set of the cross-entropy to class C of the "
              "network with C + 1 outputs, the last one's weights drawn; without l2. Then the last "
              "output's weights are left out.",
          .needs_retain_data = false,
          .needs_forget_data = true,
          .supports_adding = false,
          .make = make_unlearner<BoundaryExpand>};
}

}  // namespace oubli
