// SalUn: random labels on the forget set, over the parameters that the forget set cares about.
//
//   g = | sum over D_u's batches of grad (mean l) |  at theta, evaluation mode, without l2
//   M = 1 for the `share` of all parameters with the largest g, ties by their place
//   random_labels with every other parameter held
//
// Source: Fan et al. 2024 (arXiv 2310.12508): half of the parameters, 10 epochs, and the rate of
// the example in their README; their tables search it from 5e-4 to 5e-2. What is held does not
// change by one bit, whatever the optimiser decays or remembers. `form: released` is their first
// release, whose mask multiplies the loss's gradient alone: l2, decay and what momentum remembers
// of them move every parameter. `form: soft`, theirs too, has no mask: behind each step the
// differences to the original are shrunk by the threshold under which (1 - share)(1 - t / steps) of
// them lie. A mask holds parameters; running statistics of normalisations move as in training.
// Classification only. Cost: m for the mask, and that of random_labels.
#include <ATen/ATen.h>

#include <string>

#include "core/train/descent_settings.h"
#include "core/unlearn/relabelling.h"
#include "core/unlearn/saliency.h"
#include "core/unlearn/unlearner.h"

namespace oubli {
namespace {

class SalUn : public Unlearner {
 public:
  explicit SalUn(const Settings& settings)
      : share_(settings.real("share", {.default_value = 0.5,
                                       .at_least = 0,
                                       .at_most = 1,
                                       .doc = "of the parameters that may move"})),
        form_(settings.choice("form", {.default_value = "hard",
                                       .valid = {"hard", "soft", "released"},
                                       .doc = "a mask of the most salient, differences shrunk "
                                              "towards 0, or a mask that l2 passes by"})),
        labels_(RandomLabelSettings::read(settings)),
        steps_(DescentSettings::read(settings, {.epochs = 10, .lr = 0.013})) {}

  std::optional<double> estimate_cost(const Task& task) const override {
    return static_cast<double>((task.retain.size() + task.forget.size()) * steps_.epochs +
                               task.forget.size());
  }

  UnlearnReport unlearn(Model& model, const Task& task, Context& context) const override {
    require_classes(task, "salun");
    const Tensor start = model.theta().clone();
    const TrainingRecipe recipe = steps_.recipe(task.recipe);
    StepChanges changes;
    if (form_ == "soft") {
      changes.after_step = [&](const Tensor& theta, const StepState& state) {
        const double left = 1 - static_cast<double>(state.step) / static_cast<double>(state.steps);
        shrink(theta, start, (1 - share_) * left);
      };
    } else {
      const Tensor saliency =
          gradient_saliency(model, task.forget, task.objective(), recipe.batch_size, context.cost);
      const Tensor salient = largest(saliency, share_);
      if (form_ == "hard") {
        changes.movable = salient;
      } else {
        changes.on_gradient = [&model, &recipe, salient](Tensor& gradient, const StepState&) {
          gradient = at::where(salient, gradient, model.theta() * recipe.objective.l2);
        };
      }
    }
    Descent descent(model, recipe, context, changes);
    descend_on_random_labels(descent, task, labels_, context);
    UnlearnReport report = report_of(descent.report());
    report.details["moved"] = model.theta().ne(start).sum().item<std::int64_t>();
    return report;
  }

 private:
  // Differences to the start towards 0 by the largest of the smallest `share` of them.
  static void shrink(const Tensor& theta, const Tensor& start, double share) {
    const Tensor difference = theta - start;
    const auto count = static_cast<std::int64_t>(share * static_cast<double>(difference.numel()));
    if (count < 1) return;
    const Tensor size = difference.abs();
    const Tensor threshold = std::get<0>(size.kthvalue(count));
    theta.copy_(start + difference.sign() * (size - threshold).clamp_min(0));
  }

  double share_;
  std::string form_;
  RandomLabelSettings labels_;
  DescentSettings steps_;
};

}  // namespace

MethodInfo salun_method() {
  return {.name = "salun",
          .summary = "random labels, over the parameters that the forget set's loss depends on",
          .reference = "Fan et al. 2024, arXiv 2310.12508",
          .definition =
              "random_labels, with all parameters held but the share of largest |sum over the "
              "forget set's batches of the gradient of the mean loss|. soft: none held; behind "
              "step t of T the differences to the original are soft-thresholded at the size under "
              "which (1 - share)(1 - t / T) of them lie. released: the mask multiplies the loss's "
              "gradient, and not that of l2.",
          .needs_retain_data = true,
          .needs_forget_data = true,
          .supports_adding = true,
          .takes_sequences = true,
          .make = make_unlearner<SalUn>};
}

}  // namespace oubli
