#include "core/curvature/hessian.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

namespace oubli {

Hessian::Hessian(const Model& model, const Subset& subset, const Objective& objective,
                 CostMeter& cost, const DataOperatorOptions& options)
    : DataOperator(model, subset, objective, cost, options, objective.l2) {}

std::string Hessian::describe() const {
  return fmt::format("Hessian of the objective, l2 {:.3g} included", identity());
}

void Hessian::prepare(Piece& piece, std::int64_t) const {
  const Tensor g = objective().output_gradients(piece.outputs, piece.targets);
  piece.net->adjoint(weighted(piece, g), {.sums = nullptr, .input = false, .keep = true});
}

void Hessian::add_product(Piece& piece, const Tensors& v, Tensors& sums) const {
  const Tensor moved = piece.net->tangent({}, v, /*keep=*/true);
  const Tensor dg = objective().output_hessian_product(piece.outputs, piece.targets, moved);
  piece.net->adjoint_tangent(weighted(piece, dg), v, sums, /*input=*/false);
}

}  // namespace oubli
