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

// relu(body(x) + shortcut(x)); an absent shortcut is the identity. He et al. 2016.
class Residual : public Layer {
 public:
  Residual(LayerPtr body, LayerPtr shortcut);
  Tensor forward(const Tensor& input, ForwardPass& pass) const override;
  std::unique_ptr<LayerLinearisation> linearise(const Tensor& input,
                                                ForwardPass& pass) const override;
  bool trains_by_rule() const override;

 private:
  LayerPtr body_;
  LayerPtr shortcut_;
};

}  // namespace oubli
