// How the losses of tests at the end of a training depend on each example's weight in it: the
// derivative of the whole run, taken backwards through its steps.
//
//   v_{s+1} = m v_s + g_B(theta_s) + l2 theta_s,   theta_{s+1} = theta_s - eta_s v_{s+1}
//
// With p_s the derivative of a test's loss in v_{s+1}, starting from that in theta_T and nothing in
// v_T, and a, u those in theta and v,
//
//   p = u - eta_s a,   a <- a + (H_B + l2) p,   u <- m p,
//   effect[i, t] = - sum over the steps s with i in B of p . (g_i - g_B) / (b - 1)
//                  + sum over all steps of p . theta l2 / (n - 1)
//
// the first factor being what the batch's mean loses where i leaves it, to first order; of a batch
// of one the step goes, p . (g_i + l2 theta). The second is of the regulariser whose total strength
// stays (leave_one_out.h), the same for all examples. Source: reverse-mode
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
// Error(kTask) as of require_differentiable; Error(kUsage) where the record of all steps does
// not fit into `context.memory`.
Tensor training_adjoint(Model& model, const Subset& train, const Subset& tests,
                        const TrainingRecipe& recipe, const Generator& training, Context& context);

// Error(kTask), with what to write instead, for a recipe whose steps are others, a network in which
// examples are not separate, as with batch normalisation, or that draws, and examples with weights.
void require_differentiable(const Model& model, const Subset& train, const TrainingRecipe& recipe);

}  // namespace oubli
