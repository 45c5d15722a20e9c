// The layers that the architectures are made of. Shapes: b examples; images are [b, c, h, w].
#pragma once

#include <string>
#include <vector>

#include "core/nn/layer.h"

namespace oubli {

// y = x W' + b, W [out, in]; x [b, in].
class Linear : public Layer {
 public:
  Linear(ParameterTable& table, const std::string& name, std::int64_t in, std::int64_t out,
         bool bias = true);
  Tensor forward(const Tensor& input, Pass& pass) const override;
  void add_squared_gradients(const Tensor& input, const Tensor& output_gradient, const Pass& pass,
                             std::vector<Tensor>& sums) const override;

 private:
  std::size_t weight_;
  std::size_t bias_ = 0;
  bool has_bias_;
};

struct Conv2dShape {
  std::int64_t in = 0;
  std::int64_t out = 0;
  std::int64_t kernel = 3;
  std::int64_t stride = 1;
  std::int64_t padding = 0;
  bool bias = true;
};

// Cross-correlation, weight [out, in, kernel, kernel].
class Conv2d : public Layer {
 public:
  Conv2d(ParameterTable& table, const std::string& name, const Conv2dShape& shape,
         Initialisation initialisation = Initialisation::kUniformFanIn);
  Tensor forward(const Tensor& input, Pass& pass) const override;
  void add_squared_gradients(const Tensor& input, const Tensor& output_gradient, const Pass& pass,
                             std::vector<Tensor>& sums) const override;

 private:
  Conv2dShape shape_;
  std::size_t weight_;
  std::size_t bias_ = 0;
};

// (x - mean) / sqrt(variance + 1e-5) * gamma + beta, by channel. Statistics are those of the batch
// in training mode, where the running ones move by 0.1, and the running ones in evaluation mode.
// Training mode on one value per channel throws Error(kNumerics): PyTorch's kernel would turn the
// running variance into NaN.
class BatchNorm2d : public Layer {
 public:
  BatchNorm2d(ParameterTable& table, const std::string& name, std::int64_t channels);
  Tensor forward(const Tensor& input, Pass& pass) const override;
  void add_squared_gradients(const Tensor& input, const Tensor& output_gradient, const Pass& pass,
                             std::vector<Tensor>& sums) const override;

 private:
  std::int64_t channels_;
  std::size_t gamma_, beta_, mean_, variance_;
};

// The same map with statistics over each example's groups of channels: no running state.
// Throws Error(kUsage) where the groups do not divide the channels.
class GroupNorm : public Layer {
 public:
  GroupNorm(ParameterTable& table, const std::string& name, std::int64_t groups,
            std::int64_t channels);
  Tensor forward(const Tensor& input, Pass& pass) const override;
  void add_squared_gradients(const Tensor& input, const Tensor& output_gradient, const Pass& pass,
                             std::vector<Tensor>& sums) const override;

 private:
  std::int64_t groups_;
  std::size_t gamma_, beta_;
};

class Relu : public Layer {
 public:
  Tensor forward(const Tensor& input, Pass& pass) const override;
};

class Tanh : public Layer {
 public:
  Tensor forward(const Tensor& input, Pass& pass) const override;
};

class MaxPool2d : public Layer {
 public:
  explicit MaxPool2d(std::int64_t size) : size_(size) {}
  Tensor forward(const Tensor& input, Pass& pass) const override;

 private:
  std::int64_t size_;
};

// [b, c, h, w] -> [b, c], the mean over positions.
class GlobalAveragePool : public Layer {
 public:
  Tensor forward(const Tensor& input, Pass& pass) const override;
};

class Flatten : public Layer {
 public:
  Tensor forward(const Tensor& input, Pass& pass) const override;
};

class Sequential : public Layer {
 public:
  Sequential& add(LayerPtr layer);
  template <typename LayerType, typename... Arguments>
  Sequential& add(Arguments&&... arguments) {
    return add(std::make_unique<LayerType>(std::forward<Arguments>(arguments)...));
  }
  Tensor forward(const Tensor& input, Pass& pass) const override;

 private:
  std::vector<LayerPtr> layers_;
};

// relu(body(x) + shortcut(x)); an absent shortcut is the identity. He et al. 2016.
class Residual : public Layer {
 public:
  Residual(LayerPtr body, LayerPtr shortcut);
  Tensor forward(const Tensor& input, Pass& pass) const override;

 private:
  LayerPtr body_;
  LayerPtr shortcut_;
};

}  // namespace oubli
