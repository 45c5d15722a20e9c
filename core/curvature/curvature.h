// Curvature of the objective over a set, as matrix-free products: the Hessian and the generalised
// Gauss-Newton matrix, both with the regulariser's lambda * I.
//
//   Hessian  H = (1/n) sum_i d^2 l_i / dtheta^2 + lambda I
//   GGN      G = (1/n) sum_i J_i' A_i J_i      + lambda I,  J = df/dtheta, A = d^2 l / df^2
//
// Hessian products by differentiating the gradient twice (Pearlmutter 1994); GGN products by a
// linearised pass, the closed-form A of the loss and a transposed pass (Schraudolph 2002). For
// models linear in their parameters the two are equal. The GGN is positive semi-definite; the
// Hessian away from a minimum need not be. The GGN of softmax cross-entropy is the expected Fisher
// matrix; it is not the empirical Fisher.
//
// Sums over the set run in float64 and are weighted by samples: batch sizes do not matter. The
// model is in evaluation mode. A non-finite product throws Error(kNumerics).
// Cost: two sample-gradients for each example and column.
#pragma once

#include <memory>
#include <string>

#include "core/base/context.h"
#include "core/curvature/linear_operator.h"
#include "core/train/objective.h"

namespace oubli {

enum class CurvatureKind { kHessian, kGgn };

// "hessian" or "ggn".
CurvatureKind curvature_kind(const std::string& name);

// All arguments are referred to and must outlive the operator; the curvature is that at the model's
// parameters at the time of each product.
class CurvatureOperator : public LinearOperator {
 public:
  CurvatureOperator(CurvatureKind kind, const Model& model, const Subset& subset,
                    const Objective& objective, CostMeter& cost,
                    std::int64_t batch_size = kEvaluationBatch);
  std::int64_t dim() const override;
  Tensor apply(const Tensor& v) const override;

 private:
  CurvatureKind kind_;
  const Model& model_;
  const Subset& subset_;
  const Objective& objective_;
  CostMeter& cost_;
  std::int64_t batch_size_;
};

// Hutchinson's estimate of the trace: the mean of z' A z over `probes` random sign vectors z.
// Unbiased. Cost: `probes` applications.
double estimate_trace(const LinearOperator& matrix, std::int64_t probes, Generator& generator);

}  // namespace oubli
