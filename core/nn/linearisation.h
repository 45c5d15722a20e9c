// A layer, or a whole network, at one batch and one theta: its first and second derivatives as
// products, computed once more for every vector but from values that are kept.
//
// With y = f(x; theta), example by example, and g a gradient of a loss in y:
//
//   tangent           dy = J_x dx + J_theta v
//   adjoint           J_x' g, and J_theta' g
//   adjoint_tangent   the derivative of both adjoints along (dx, v, dg), at the g and dx kept by
//                     the two calls before it
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

#include "core/nn/layer.h"

namespace oubli {

// What an adjoint pass is asked for.
struct Adjoint {
  Tensors* sums =
      nullptr;        // J_theta' g is added here, indexed as ForwardPass::parameters; null for none
  bool input = true;  // whether J_x' g is needed
  bool keep = false;  // leaves remember g, for adjoint_tangent or for the rules by example
};

class ParameterLinearisation;

class LayerLinearisation {
 public:
  explicit LayerLinearisation(Tensor output = {}) : output_(std::move(output)) {}
  virtual ~LayerLinearisation() = default;
  LayerLinearisation(const LayerLinearisation&) = delete;
  LayerLinearisation& operator=(const LayerLinearisation&) = delete;

  const Tensor& output() const { return output_; }

  // `v` is indexed and shaped as ForwardPass::parameters. With `keep`, dx is remembered.
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

// What Kronecker factors are made from, for leaves that multiply by a weight W at every position
// of their input: for each group of channels an example's gradient is
//
//   dW_b = sum_t g_bt a_bt'   [out, in],  the bias's column last, where a has a constant 1.
//
// The flat vector holds W as [groups, out, in without the bias] and the bias as [groups, out].
class KroneckerRules {
 public:
  struct Shape {
    std::int64_t groups = 1;
    std::int64_t out = 0;  // of one group
    std::int64_t in = 0;   // of one group, with the bias
    std::int64_t positions = 1;
    bool bias = false;
    bool operator==(const Shape&) const = default;
  };

  virtual ~KroneckerRules() = default;
  virtual Shape kronecker_shape() const = 0;
  // a of examples begin .. begin + count: [count, groups, positions, in].
  virtual Tensor kronecker_inputs(std::int64_t begin, std::int64_t count) const = 0;
  // g of the same: [count, groups, positions, out].
  virtual Tensor kronecker_gradients(const Tensor& g, std::int64_t begin,
                                     std::int64_t count) const = 0;
  // Adds sum_b w_b sum_t a a' to the lower triangles of `sums` [groups, in, in], in the model's
  // type. Weights [b], or [b, positions] of linear layers; undefined for all ones. Not by forming
  // a: see second_moments.h.
  virtual void add_input_moments(const Tensor& weights, const Tensor& sums) const = 0;
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
  // The gradients that adjoint(keep) remembered, one for each call.
  const Tensors& kept_gradients() const { return kept_; }

  // Adds sum_b sum_g (dl_b / dtheta_i)^2, over all examples and all of `gradients`, squared after
  // summing over positions.
  virtual void add_squared_gradients(const Tensors& gradients, Tensors& sums) const;
  // dl_b / dtheta [b, shape of the parameter] for examples begin .. begin + count, in the order of
  // `parameters()`.
  virtual Tensors example_gradients(const Tensor& g, std::int64_t begin,
                                    std::int64_t count) const = 0;
  // Null for layers that do not multiply by a matrix.
  virtual const KroneckerRules* kronecker() const { return nullptr; }

 protected:
  void remember(const Tensor& g, const Adjoint& request) {
    if (request.keep) kept_.push_back(g);
  }
  Tensors kept_;
};

// Adds `piece`, which may be undefined, to `sum`.
void add_defined(Tensor& sum, const Tensor& piece);

}  // namespace oubli
