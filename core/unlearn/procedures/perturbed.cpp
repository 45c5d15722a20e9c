// The objective plus b'theta / n, b ~ N(0, sigma^2 I) drawn once for each model, from the stream
// "perturbation" (Guo et al. 2020, arXiv 1911.03030). Settings: sigma. Record: b, the norm of the
// gradient that training left, and what Newton steps on a linear model need (newton_record.h).
#include <ATen/ATen.h>

#include <optional>

#include "core/unlearn/linear_hessian.h"
#include "core/unlearn/newton_record.h"
#include "core/unlearn/procedures/procedure.h"
#include "core/unlearn/removal_step.h"

namespace oubli {

TrainingReport perturbed_training(Model& model, const Subset& subset, const TrainingPlan& plan,
                                  Context& context, MethodState& record) {
  const double sigma = plan.settings.at("sigma").get<double>();
  Generator draw = context.generator.stream("perturbation");
  const Tensor b = sigma * draw.normal({model.dim()}, at::kDouble);
  StepChanges changes;
  changes.linear = b / static_cast<double>(subset.size());
  Generator initialisation = context.generator.stream("initialisation");
  model.initialise(initialisation);
  const TrainingReport report = train(model, subset, plan.recipe, context, changes);
  record.tensors.emplace_back("b", b);
  const Objective& objective = plan.recipe.objective;
  const std::optional<LinearWeights> weights = LinearWeights::of(model);
  CostMeter reporting;
  if (weights && is_separable(objective) && objective.l2 > 0) {
    NewtonRecord::of(model, subset, objective).write(record);
    // The account rests on the norm: in float64, whatever the model's type.
    const LinearPlace place{*weights, weights->matrix(model.theta()), objective};
    const Tensor left = summed_gradient(place, subset, reporting) + weights->matrix(b);
    record.values["gradient_norm"] =
        left.norm().item<double>() / static_cast<double>(subset.size());
  } else {
    const Tensor gradient =
        value_and_gradient(model, subset, objective, reporting).gradient + changes.linear;
    record.values["gradient_norm"] = gradient.norm().item<double>();
  }
  return report;
}

}  // namespace oubli
