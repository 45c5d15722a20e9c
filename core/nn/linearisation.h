// A layer, or a whole network, at one batch and one theta: its first and second derivatives as
// products, computed once more for every vector but from values that are kept.
//
// With y = f(x; theta), example by example, and g a gradient of a loss in y:
//
//   tangent           dy = J_x dx + J_theta v
//   adjoint           J_x' g, and J_theta' g
//   adjoint_tangent   the derivative of both adjoints along (dx, v, dg), at the g and dx kept by
//   the
//                     two calls before it
//
// A Gauss-Newton product is a tangent, the loss's Hessian in y, and an adjoint. A Hessian product
// is a tangent and an adjoint_tangent (the R-operator of Pearlmutter 1994). Where the network is
// piecewise linear the second derivative of its pieces is zero almost everywhere; kinks count as
// the side that `forward` takes.
//
// An undefined tensor stands for zero, wherever a tangent or a gradient does not reach.
//
// Leaves with parameters also give what one example adds: see ParameterLinearisation.
#pragma once

#include <functional>
#include <optional>

#include "core/nn/layer.h"

namespace oubli {

// What an adjoint pass is asked for.
struct Adjoint {
  Tensors* sums = nullptr;  // J_theta' g is added here, indexed as Pass::parameters; null for none
  bool input = true;        // whether J_x' g is needed
  bool keep = false;        // leaves remember g, for adjoint_tangent or for the rules by example
};

class ParameterLinearisation;

class LayerLinearisation {
 public:
  explicit LayerLinearisation(Tensor output = {}) : output_(std::move(output)) {}
  virtual ~LayerLinearisation() = default;
  LayerLinearisation(const LayerLinearisation&) = delete;
  LayerLinearisation& operator=(const LayerLinearisation&) = delete;

  const Tensor& output() const { return output_; }

  // `v` is indexed and shaped as Pass::parameters. With `keep`, dx is remembered.
  virtual Tensor tangent(const Tensor& dx, const Tensors& v, bool keep) = 0;
  virtual Tensor adjoint(const Tensor& g, const Adjoint& request) = 0;
  // After adjoint(keep) and tangent(v, keep), whose dx it lets go. Adds to `sums` and returns the
  // derivative of J_x' g where `input` asks for it.
  virtual Tensor adjoint_tangent(const Tensor& dg, const Tensors& v, Tensors& sums, bool input) = 0;

  // Calls `visit` for every leaf that has parameters, in the order of the forward pass.
  using Visitor = std::function<void(ParameterLinearisation&)>;
  virtual void visit(const Visitor&) {}
  bool has_parameters();

  // Appends every tensor that is kept, undefined ones too, for counting bytes.
  virtual void list_kept(Tensors& kept) const = 0;
  // Bytes of the storages that are kept here, each counted once, apart from those of `shared`.
  std::int64_t kept_bytes(const Tensors& shared) const;

 protected:
  Tensor output_;
};

// The two Kronecker factors' data of one use of a weight W [out, in] on a batch: each example's
// gradient is dW_b = sum_t g_bt a_bt'.
struct KroneckerData {
  Tensor a;  // [b, positions, in], a constant 1 appended where the layer has a bias
  Tensor g;  // [b, positions, out]
};

// A leaf with parameters. Its rules speak of g, the gradient of each example's own loss in the
// leaf's output, as adjoint(keep) remembered it.
class ParameterLinearisation : public LayerLinearisation {
 public:
  using LayerLinearisation::LayerLinearisation;

  void visit(const Visitor& visit) override { visit(*this); }

  // Numbers of this leaf's parameters.
  virtual const std::vector<std::size_t>& parameters() const = 0;
  // False where automatic differentiation stands in for a rule: right, one example at a time.
  virtual bool has_rule() const { return true; }
  // The gradients that adjoint(keep) remembered, one for each call since `forget`.
  const Tensors& kept_gradients() const { return kept_; }
  void forget() { kept_.clear(); }

  // Adds sum_b sum_g (dl_b / dtheta_i)^2, over all examples and all of `gradients`, squared after
  // summing over positions.
  virtual void add_squared_gradients(const Tensors& gradients, Tensors& sums) const;
  // dl_b / dtheta [b, shape of the parameter] for examples begin .. begin + count, in the order of
  // `parameters()`.
  virtual Tensors example_gradients(const Tensor& g, std::int64_t begin,
                                    std::int64_t count) const = 0;
  // For layers that multiply by a matrix; the examples begin .. begin + count.
  virtual std::optional<KroneckerData> kronecker(const Tensor& g, std::int64_t begin,
                                                 std::int64_t count) const;

 protected:
  void remember(const Tensor& g, const Adjoint& request) {
    if (request.keep) kept_.push_back(g);
  }
  Tensors kept_;
};

// Adds `piece`, which may be undefined, to `sum`.
void add_defined(Tensor& sum, const Tensor& piece);

}  // namespace oubli
