#include "core/unlearn/training_procedure.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

namespace oubli {
namespace {

TrainingReport train_perturbed(Model& model, const Subset& subset, const TrainingPlan& plan,
                               Context& context, MethodState& record) {
  const double sigma = plan.settings.at("sigma").get<double>();
  Generator draw = context.generator.stream("perturbation");
  const Tensor b = sigma * draw.normal({model.dim()}, at::kDouble);
  StepChanges changes;
  changes.linear = b / static_cast<double>(subset.size());
  Generator initialisation = context.generator.stream("initialisation");
  model.initialise(initialisation);
  const TrainingReport report = train(model, subset, plan.recipe, context, changes);
  CostMeter reporting;
  const Tensor gradient =
      value_and_gradient(model, subset, plan.recipe.objective, reporting).gradient + changes.linear;
  record.values["gradient_norm"] = gradient.norm().item<double>();
  record.tensors.emplace_back("b", b);
  return report;
}

}  // namespace

TrainingReport train_by_plan(Model& model, const Subset& subset, const TrainingPlan& plan,
                             Context& context, MethodState& record) {
  if (plan.procedure == "standard") return train_from_start(model, subset, plan.recipe, context);
  if (plan.procedure == "perturbed") {
    return train_perturbed(model, subset, plan, context, record);
  }
  throw Error(ErrorKind::kUsage,
              fmt::format("there is no training procedure '{}'", plan.procedure));
}

}  // namespace oubli
