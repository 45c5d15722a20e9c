// Layers made of layers.
#pragma once

#include <utility>
#include <vector>

#include "core/nn/layer.h"

namespace oubli {

class Sequential : public Layer {
 public:
  Sequential& add(LayerPtr layer);
  template <typename LayerType, typename... Arguments>
  Sequential& add(Arguments&&... arguments) {
    return add(std::make_unique<LayerType>(std::forward<Arguments>(arguments)...));
  }
  Tensor forward(const Tensor& input, ForwardPass& pass) const override;
  std::unique_ptr<LayerLinearisation> linearise(const Tensor& input,
                                                ForwardPass& pass) const override;
  bool trains_by_rule() const override;

 private:
  std::vector<LayerPtr> layers_;
};

// What stands behind the sum of a residual block.
enum class AfterSum { kRelu, kNothing };

// relu(body(x) + shortcut(x)), or the sum itself; an absent shortcut is the identity. He et al.
// 2016.
class Residual : public Layer {
 public:
  Residual(LayerPtr body, LayerPtr shortcut, AfterSum after = AfterSum::kRelu);
  Tensor forward(const Tensor& input, ForwardPass& pass) const override;
  std::unique_ptr<LayerLinearisation> linearise(const Tensor& input,
                                                ForwardPass& pass) const override;
  bool trains_by_rule() const override;

 private:
  LayerPtr body_;
  LayerPtr shortcut_;
  AfterSum after_;
};

// The outputs of several layers on one input, one behind the other along dimension 1: channels, or
// features. Their other dimensions must agree.
class Branches : public Layer {
 public:
  explicit Branches(std::vector<LayerPtr> branches) : branches_(std::move(branches)) {}
  Tensor forward(const Tensor& input, ForwardPass& pass) const override;
  std::unique_ptr<LayerLinearisation> linearise(const Tensor& input,
                                                ForwardPass& pass) const override;
  bool trains_by_rule() const override;

 private:
  std::vector<LayerPtr> branches_;
};

}  // namespace oubli
