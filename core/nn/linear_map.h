// The linearisation of layers that are linear maps and have no parameters.
#pragma once

#include "core/nn/linearisation.h"

namespace oubli {

// A map that is linear once the input is known: its second derivative is zero.
class LinearMap : public LayerLinearisation {
 public:
  using LayerLinearisation::LayerLinearisation;
  Tensor tangent(const Tensor& dx, const Tensors&, bool) override {
    return dx.defined() ? forwards(dx) : Tensor();
  }
  Tensor adjoint(const Tensor& g, const Adjoint& request) override {
    return request.input ? backwards(g) : Tensor();
  }
  Tensor adjoint_tangent(const Tensor& dg, const Tensors&, Tensors&, bool input) override {
    return input && dg.defined() ? backwards(dg) : Tensor();
  }
  void list_kept(Tensors& kept) const override { kept.push_back(output_); }

 protected:
  virtual Tensor forwards(const Tensor& dx) const = 0;
  virtual Tensor backwards(const Tensor& g) const = 0;
};

}  // namespace oubli
