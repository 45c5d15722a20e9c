#include "core/unlearn/influence_scores.h"

#include <ATen/TensorOperators.h>

#include "core/curvature/gradient_products.h"

namespace oubli {

InfluenceScores influence_scores(const Model& model, const Subset& train, const Subset& test,
                                 const Objective& objective, const CurvatureSolveSettings& settings,
                                 Context& context) {
  const Objective loss{objective.loss, 0};
  const ObjectiveValue at_test = value_and_gradient(model, test, loss, context.cost);
  const Solution solution =
      solve_curvature(settings, model, train, objective, at_test.gradient, context);
  const Tensor products = gradient_products(model, train, loss, solution.x, context.cost);
  InfluenceScores scores{products / train.total_weight(), solution.report};
  if (train.weights.defined()) scores.effect.mul_(train.weights);
  return scores;
}

}  // namespace oubli
