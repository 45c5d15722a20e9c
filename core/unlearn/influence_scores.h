// Which training examples matter for a prediction: the change of a test loss when one training
// example is removed, to first order.
//
//   effect_i = (1/n) grad l(test)' (C + mu I)^-1 grad l(x_i, y_i)
//
// with C the curvature of the objective over the whole training set, of size n, at theta. Positive:
// the loss rises when i is removed, so i helped the prediction. Source: Koh and Liang 2017 (arXiv
// 1703.04730), equation 2, with the sign of a removal. As `influence`, it is first order under a
// regulariser whose total strength does not change with the set's size: a leave-one-out of leverage
// h moves by 1 / (1 - h) times as much.
//
// Shapes: effect is float64 [n], in the order of `train`, in the loss's units. Cost: 2 n for each
// product of the solve and 2 n for the products with all gradients.
#pragma once

#include "core/solve/curvature_solve.h"

namespace oubli {

struct InfluenceScores {
  Tensor effect;
  SolveReport solve;
};

// `test` may hold several examples: its mean loss is what is predicted.
InfluenceScores influence_scores(const Model& model, const Subset& train, const Subset& test,
                                 const Objective& objective, const CurvatureSolveSettings& settings,
                                 Context& context);

}  // namespace oubli
