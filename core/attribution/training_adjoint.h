// How the losses of tests at the end of a training depend on each example's weight in it: the
// derivative of the whole run, taken backwards through its steps.
//
//   v_{s+1} = m v_s + g_B(theta_s) + l2 theta_s,   theta_{s+1} = theta_s - eta_s v_{s+1}
//
// With p_s the derivative of a test's loss in v_{s+1}, starting from that in theta_T and nothing in
// v_T, and a, u those in theta and v,
//
//   p = u - eta_s a,   a <- a + (H_B + l2) p,   u <- m p,
//   effect[i, t] = - sum over the steps s with i in B of p . (g_i - g_B) / b
//
// the last factor being what the batch's mean loses where i leaves it. Source: reverse-mode
// differentiation of training (Maclaurin et al. 2015, arXiv 1502.03492), used for attribution by
// Ilyas and Engstrom 2025 (arXiv 2504.16430, MAGIC); batch means as in removal_sensitivity.h, of
// which this is the reverse: here the cost grows with the tests and not with the examples.
//
// Adjoints are kept in the model's type, effects in float64. Cost: training once, then for each
// step and test 2 b; a linear model takes all tests at once in products of matrices.
#pragma once

#include "core/base/context.h"
#include "core/train/recipe.h"

namespace oubli {

// Trains `model` from the start on `train`, drawing from `training` as train_from_start does, and
// takes the derivative back from its end. float64 [n, tests], undefined where it was stopped.
//
// Error(kTask) for a recipe whose steps are others (require_differentiable_steps), a network in
// which examples are not separate, and weights; Error(kUsage) where the record of all steps does
// not fit into `context.memory`.
Tensor training_adjoint(Model& model, const Subset& train, const Subset& tests,
                        const TrainingRecipe& recipe, const Generator& training, Context& context);

}  // namespace oubli
