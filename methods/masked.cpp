// A method under a mask: it may move the parameters that the forget set depends on, and no other.
//
//   g = | sum over D_u's batches of grad (mean l) |  at theta, evaluation mode, without l2
//   M = 1 for the `share` of all parameters with the largest g, ties by their place
//   the method, whose steps hold every other parameter;  then theta' = M theta' + (1 - M) theta
//
// The last line is for methods that do not go by steps, whose change is cut to M as in the released
// code. What is held does not change by one bit. With random_labels it is salun. Source: Fan et al.
// 2024 (arXiv 2310.12508). A method that trains from scratch cannot be masked: Error(kSettings).
// Cost: m for the mask, and that of the method.
#include <ATen/ATen.h>

#include "core/unlearn/chosen_method.h"
#include "core/unlearn/saliency.h"

namespace oubli {
namespace {

class Masked : public Unlearner {
 public:
  Masked(const Settings& settings, const Methods& methods)
      : method_(read_method(settings, "method", methods, "finetune", "that is masked")),
        share_(settings.real("share", {.default_value = 0.5,
                                       .at_least = 0,
                                       .at_most = 1,
                                       .doc = "of the parameters that may move"})) {
    if (method_.info.exact) {
      settings.fail("method", method_.info.name + " trains from scratch, which a mask cannot hold");
    }
  }

  std::optional<double> estimate_cost(const Task& task) const override {
    const std::optional<double> own = method_.unlearner->estimate_cost(task);
    if (!own) return std::nullopt;
    return *own + static_cast<double>(task.forget.size());
  }

  void require(const Task& task) const override { require_all({method_}, task); }
  Json parts() const override { return parts_of({method_}); }
  TrainingPlan training_plan(TrainingPlan standard) const override {
    return method_.unlearner->training_plan(std::move(standard));
  }

  UnlearnReport unlearn(Model& model, const Task& task, Context& context) const override {
    const Tensor start = model.theta().clone();
    const Tensor mask = largest(gradient_saliency(model, task.forget, task.objective(),
                                                  task.recipe.batch_size, context.cost),
                                share_);
    Task held = task;
    held.recipe.movable = mask;
    UnlearnReport report;
    note_method(method_, method_.run(model, held, context), report);
    model.set_theta(at::where(mask, model.theta(), start));
    report.details["moved"] = model.theta().ne(start).sum().item<std::int64_t>();
    return report;
  }

 private:
  ChosenMethod method_;
  double share_;
};

}  // namespace

MethodInfo masked_method() {
  return {.name = "masked",
          .summary = "another method, over the parameters that the forget set's loss depends on",
          .reference = "Fan et al. 2024, arXiv 2310.12508",
          .definition =
              "The method, with all parameters held in its steps, and put back behind it, but the "
              "share of largest |sum over the forget set's batches, of training's size, of the "
              "gradient of the mean loss|.",
          .needs_retain_data = true,
          .needs_forget_data = true,
          .supports_adding = true,
          .takes_sequences = true,
          .make = make_unlearner<Masked>};
}

}  // namespace oubli
