// The linearisation of a layer that has no rules of its own, by automatic differentiation of its
// forward pass: tangents by differentiating an adjoint in its argument, second derivatives by
// differentiating it again, gradients of single examples one example at a time.
//
// Exact wherever the layer can be differentiated twice; Error(kNumerics), which names the
// operation, where it cannot. Cost: two to four passes for each product, and a forward and backward
// pass for each example where single gradients are asked for.
#pragma once

#include "core/nn/linearisation.h"

namespace oubli {

class AutomaticLinearisation : public ParameterLinearisation {
 public:
  // Throws Error(kNumerics) in training mode, where a layer without rules may mix examples or draw.
  AutomaticLinearisation(const Layer& layer, const Tensor& input, ForwardPass& pass);

  void visit(const Visitor& visit) override;
  const std::vector<std::size_t>& parameters() const override { return numbers_; }
  bool has_rule() const override { return false; }

  Tensor tangent(const Tensor& dx, const Tensors& v, bool keep) override;
  Tensor adjoint(const Tensor& g, const Adjoint& request) override;
  Tensor adjoint_tangent(const Tensor& dg, const Tensors& v, Tensors& sums, bool input) override;
  Tensors example_gradients(const Tensor& g, std::int64_t begin, std::int64_t count) const override;
  void list_kept(Tensors& kept) const override;

 private:
  ForwardPass pass() const { return {parameters_, buffers_, PassMode::kEvaluation}; }
  // Fills the places of undefined gradients: [input, own parameters...].
  Tensors differentiate(const Tensor& output, const Tensor& g, bool create_graph) const;
  Tensors sources() const;  // what is differentiated in: the input and the own parameters

  const Layer& layer_;
  const Tensors& parameters_;
  const Tensors& buffers_;
  std::vector<std::size_t> numbers_;
  bool floating_ = true;  // whether the input can be differentiated in
  Tensor input_;
  Tensor graph_output_;
  Tensor dx_;
};

}  // namespace oubli
