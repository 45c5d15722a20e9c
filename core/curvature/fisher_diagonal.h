// Diagonals of Fisher matrices over a set: means of squared gradients of single examples. They
// differ in whose targets the gradients are taken at, and are never one for another:
//
//   kExpected    F_i = (1/n) sum_x E_{y ~ p(.|x)} (d log p(y|x) / dtheta_i)^2, the expectation
//                exact, by one adjoint pass for each output. Source: Martens 2020; Golatkar et al.
//                2020, section 4. The diagonal of GaussNewton, less lambda
//   kDrawn       the same with m targets drawn from the model for each example: unbiased
//   kEmpirical   at the data's own targets. The diagonal of EmpiricalFisher, less lambda
//
// The squared error is seen as a Gaussian of unit variance. Sample weights are means' weights; the
// regulariser is not included.
//
// batch_mean_squared is none of them: the square of a batch's mean gradient, averaged over batches,
//   (1/B) sum_B (mean over B of dl/dtheta_i)^2,
// which depends on the batch size and the order. It is what the code of Selective Synaptic Damping
// (Foster et al. 2024) calls importance, and is here to compare with published numbers.
//
// Results are float64 [dim] and, but for batch_mean_squared, do not depend on batch sizes up to
// rounding; an example's draws depend on the generator and the example's place. Errors:
// Error(kUsage) for an empty set. Cost for each example: 1/3 + 2/3 sample-gradients for each output
// (kExpected), draw, or once (kEmpirical); one for batch_mean_squared.
#pragma once

#include <string>
#include <vector>

#include "core/base/context.h"
#include "core/train/objective.h"

namespace oubli {

enum class FisherTargets { kExpected, kDrawn, kEmpirical };

// How many passes back the Fisher of an example takes, which is what there are gradients of: one
// for each output (kExpected; one for the binary loss, one for each output at each position of
// sequences), each draw, or one (kEmpirical).
std::int64_t fisher_gradients(FisherTargets targets, const Objective& objective,
                              const Dataset& dataset, std::int64_t draws);
// Gradients in the outputs [b, c] whose outer products, pushed back to the parameters and summed,
// are those of the Fisher over the batch, sample weights and the share of each draw included.
// `begin` is the place of the batch's first example.
Tensors fisher_output_gradients(FisherTargets targets, const Objective& objective,
                                const Tensor& outputs, const Batch& batch, std::int64_t begin,
                                std::int64_t draws, const Generator& generator);

struct FisherDiagonalOptions {
  std::int64_t batch_size = 0;  // 0: what examples_at_a_time says (example_gradients.h)
  std::int64_t draws = 1;       // kDrawn
  std::uint64_t seed = 0;       // kDrawn: of the generator
};

struct FisherDiagonal {
  Tensor values;  // float64 [dim]
  // Names of the parameters whose layers have no rules: right, one example at a time.
  std::vector<std::string> without_rules;
};

FisherDiagonal fisher_diagonal(FisherTargets targets, const Model& model, const Subset& subset,
                               const Objective& objective, CostMeter& cost,
                               const FisherDiagonalOptions& options = {});

Tensor batch_mean_squared(const Model& model, const Subset& subset, const Objective& objective,
                          CostMeter& cost, std::int64_t batch_size = 128);

}  // namespace oubli
