// Boundary shrink: each forgotten example is learnt as the class across its nearest boundary.
//
//   x' = clip(x + bound w sign(grad_x l(x, y)))     w the width of the range of pixel values
//   y' = argmax_{c != y} f_c(x')                    at theta
//   min  mean over D_u of l(x, y'), without l2
//
// Source: Chen et al. 2023 (arXiv 2303.11570), bound and steps of their CIFAR-10 runs: at their
// rate of 1e-5 little moves in a small network. The released code takes y' = argmax over all
// classes, and so learns y itself wherever x' does not reach the boundary: `form: released`. They
// round x' to whole pixel values, which is left out. Tables are moved by `bound` deviations and not
// clipped. Made for whole classes. Classification only. Cost: m for the labels, and m times the
// epochs.
#include <ATen/ATen.h>

#include <algorithm>

#include "core/train/descent_settings.h"
#include "core/unlearn/input_gradients.h"
#include "core/unlearn/relabelling.h"
#include "core/unlearn/unlearner.h"

namespace oubli {
namespace {

class BoundaryShrink : public Unlearner {
 public:
  explicit BoundaryShrink(const Settings& settings)
      : bound_(settings.real("bound", {.default_value = 0.1,
                                       .at_least = 0,
                                       .doc = "of the way to the boundary, in widths of the range "
                                              "of pixel values, or deviations of a column"})),
        is_released_(settings.choice("form", {.default_value = "nearest_other",
                                              .valid = {"nearest_other", "released"},
                                              .doc = "the best other class, or the best of all"}) ==
                     "released"),
        steps_(DescentSettings::read(settings, {.epochs = 10, .lr = 1e-5, .batch_size = 64},
                                     "the forget set")) {}

  std::optional<double> estimate_cost(const Task& task) const override {
    return static_cast<double>(task.forget.size() * (steps_.epochs + 1));
  }

  UnlearnReport unlearn(Model& model, const Task& task, Context& context) const override {
    require_classes(task, "boundary_shrink");
    if (task.forget.empty()) return {};
    const Tensor labels = neighbours(model, task, context);
    const Tensor truth = task.forget.dataset->targets.index_select(0, task.forget.rows);
    TrainingRecipe recipe = steps_.recipe(task.recipe);
    recipe.objective.l2 = 0;
    UnlearnReport report =
        report_of(train(model, task.forget.with_targets(labels), recipe, context));
    report.details["relabelled"] = labels.ne(truth).sum().item<std::int64_t>();
    return report;
  }

 private:
  // The class of each example of the forget set across the boundary.
  Tensor neighbours(const Model& model, const Task& task, Context& context) const {
    const Objective& objective = task.objective();
    const InputRange range = input_range(task.forget, model.dtype());
    Tensors labels;
    for (std::int64_t begin = 0; begin < task.forget.size(); begin += kEvaluationBatch) {
      const std::int64_t count = std::min(kEvaluationBatch, task.forget.size() - begin);
      const Batch batch = task.forget.batch(begin, count, model.dtype());
      const Tensor slope =
          input_gradients(model, objective, batch.inputs, batch.targets, context.cost).gradients;
      const Tensor moved = range.clamp(batch.inputs + bound_ * range.width() * slope.sign());
      Tensor scores = objective.class_scores(model.forward(moved));
      context.cost.add_forwards(count);
      if (!is_released_) scores = without_label(scores, batch.targets);
      labels.push_back(scores.argmax(1));
    }
    return at::cat(labels);
  }

  double bound_;
  bool is_released_;
  DescentSettings steps_;
};

}  // namespace

MethodInfo boundary_shrink_method() {
  return {.name = "boundary_shrink",
          .summary = "learns each forgotten example as the class across its nearest boundary",
          .reference = "Chen et al. 2023, arXiv 2303.11570",
          .definition =
              "finetune on the forget set with labels y' = argmax over the classes but the true "
              "one of the original's outputs at x + bound w sign(derivative of its loss in x), "
              "clipped to the range, of width w, of the forget set's values in each channel; "
              "without l2. form released: argmax over all classes. Tables: w is 1 deviation, not "
              "clipped.",
          .needs_retain_data = false,
          .needs_forget_data = true,
          .supports_adding = false,
          .make = make_unlearner<BoundaryShrink>};
}

}  // namespace oubli
