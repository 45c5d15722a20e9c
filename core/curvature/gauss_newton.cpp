#include "core/curvature/gauss_newton.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "core/base/error.h"

namespace oubli {
namespace {

// The mean of g g' u over the gradients, by example.
Tensor outer_products(const Tensors& gradients, const Tensor& u) {
  Tensor sum = at::zeros_like(u);
  for (const Tensor& g : gradients) sum.addcmul_(g, (g * u).sum(1, /*keepdim=*/true));
  return sum.div_(static_cast<double>(gradients.size()));
}

}  // namespace

GaussNewton::GaussNewton(const Model& model, const Subset& subset, const Objective& objective,
                         CostMeter& cost, const DataOperatorOptions& options)
    : GaussNewton(model, subset, objective, cost, options, objective.l2) {}

GaussNewton::GaussNewton(const Model& model, const Subset& subset, const Objective& objective,
                         CostMeter& cost, const DataOperatorOptions& options, double identity)
    : DataOperator(model, subset, objective, cost, options, identity) {}

std::optional<double> GaussNewton::eigenvalue_floor() const {
  return has_negative_weights() ? std::nullopt : std::optional(identity());
}

std::string GaussNewton::describe() const {
  return fmt::format("Gauss-Newton matrix of the objective, l2 {:.3g} included", identity());
}

Tensor GaussNewton::output_product(const Piece& piece, const Tensor& u) const {
  return objective().output_hessian_product(piece.outputs, u);
}

void GaussNewton::add_product(Piece& piece, const Tensors& v, Tensors& sums) const {
  const Tensor moved = piece.net->tangent({}, v, /*keep=*/false);
  piece.net->adjoint(weighted(piece, output_product(piece, moved)),
                     {.sums = &sums, .input = false, .keep = false});
}

EmpiricalFisher::EmpiricalFisher(const Model& model, const Subset& subset,
                                 const Objective& objective, CostMeter& cost,
                                 const DataOperatorOptions& options)
    : GaussNewton(model, subset, objective, cost, options, 0) {}

std::string EmpiricalFisher::describe() const { return "empirical Fisher matrix"; }

void EmpiricalFisher::prepare(Piece& piece, std::int64_t) const {
  piece.output_gradients = {objective().output_gradients(piece.outputs, piece.targets)};
}

Tensor EmpiricalFisher::output_product(const Piece& piece, const Tensor& u) const {
  return outer_products(piece.output_gradients, u);
}

ExpectedFisher::ExpectedFisher(const Model& model, const Subset& subset, const Objective& objective,
                               CostMeter& cost, const DataOperatorOptions& options)
    : GaussNewton(model, subset, objective, cost, options, 0), generator_(0) {}

ExpectedFisher::ExpectedFisher(const Model& model, const Subset& subset, const Objective& objective,
                               CostMeter& cost, std::int64_t draws, const Generator& generator,
                               const DataOperatorOptions& options)
    : GaussNewton(model, subset, objective, cost, options, 0),
      draws_(draws),
      generator_(generator) {
  if (draws < 1) throw Error(ErrorKind::kUsage, "an expectation by draws needs at least one");
}

std::string ExpectedFisher::describe() const {
  if (draws_ == 0) return "expected Fisher matrix, exact over the targets";
  return fmt::format("expected Fisher matrix, {} drawn targets for each example", draws_);
}

void ExpectedFisher::prepare(Piece& piece, std::int64_t begin) const {
  // A stream for each micro-batch: one that is linearised again draws the same.
  Generator stream = generator_.stream(fmt::format("fisher {}", begin));
  for (std::int64_t i = 0; i < draws_; ++i) {
    piece.output_gradients.push_back(objective().drawn_output_gradients(piece.outputs, stream));
  }
}

Tensor ExpectedFisher::output_product(const Piece& piece, const Tensor& u) const {
  return draws_ == 0 ? GaussNewton::output_product(piece, u)
                     : outer_products(piece.output_gradients, u);
}

}  // namespace oubli
