#include "core/curvature/gauss_newton.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

namespace oubli {

GaussNewton::GaussNewton(const Model& model, const Subset& subset, const Objective& objective,
                         CostMeter& cost, const DataOperatorOptions& options)
    : DataOperator(model, subset, objective, cost, options, objective.l2) {}

std::optional<double> GaussNewton::eigenvalue_floor() const {
  return has_negative_weights() ? std::nullopt : std::optional(identity());
}

std::string GaussNewton::describe() const {
  return fmt::format("Gauss-Newton matrix of the objective, l2 {:.3g} included", identity());
}

Tensor GaussNewton::output_product(const Piece& piece, const Tensor& u) const {
  return objective().output_hessian_product(piece.outputs, piece.targets, u);
}

void GaussNewton::add_product(Piece& piece, const Tensors& v, Tensors& sums) const {
  const Tensor moved = piece.net->tangent({}, v, /*keep=*/false);
  piece.net->adjoint(weighted(piece, output_product(piece, moved)),
                     {.sums = &sums, .input = false, .keep = false});
}

EmpiricalFisher::EmpiricalFisher(const Model& model, const Subset& subset,
                                 const Objective& objective, CostMeter& cost,
                                 const DataOperatorOptions& options)
    : GaussNewton(model, subset, objective, cost, options) {}

std::string EmpiricalFisher::describe() const {
  return fmt::format("empirical Fisher matrix, l2 {:.3g} included", identity());
}

void EmpiricalFisher::prepare(Piece& piece, std::int64_t) const {
  piece.output_gradients = objective().output_gradients(piece.outputs, piece.targets);
}

Tensor EmpiricalFisher::output_product(const Piece& piece, const Tensor& u) const {
  const Tensor& g = piece.output_gradients;
  const Tensor along = (g * u).flatten(1).sum(1);
  return g * by_example(along, g);
}

}  // namespace oubli
