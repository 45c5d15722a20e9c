// Pooling and reshaping of images [b, c, h, w].
#pragma once

#include "core/nn/layer.h"

namespace oubli {

// Windows of size x size positions, `stride` apart (0: as far apart as they are wide), over an
// image with `padding` more positions on each side. What is left over at the right and below is
// dropped.
struct PoolShape {
  std::int64_t size = 2;
  std::int64_t stride = 0;
  std::int64_t padding = 0;  // half of the size at most

  std::int64_t step() const { return stride > 0 ? stride : size; }
  bool tiles() const { return step() == size && padding == 0; }
  // Windows along a side of so many positions; 0 or less where there is none.
  std::int64_t windows(std::int64_t side) const { return (side + 2 * padding - size) / step() + 1; }
};

// The largest value of each window; padding is never the largest. The derivative goes to the first
// largest value.
class MaxPool2d : public Layer {
 public:
  explicit MaxPool2d(std::int64_t size) : shape_{size} {}
  explicit MaxPool2d(const PoolShape& shape) : shape_(shape) {}
  Tensor forward(const Tensor& input, ForwardPass& pass) const override;
  std::unique_ptr<LayerLinearisation> linearise(const Tensor& input,
                                                ForwardPass& pass) const override;
  bool trains_by_rule() const override { return true; }

 private:
  PoolShape shape_;
};

// The mean of each window, in which padding counts as zeros: PyTorch's default.
class AveragePool2d : public Layer {
 public:
  explicit AveragePool2d(const PoolShape& shape) : shape_(shape) {}
  Tensor forward(const Tensor& input, ForwardPass& pass) const override;
  std::unique_ptr<LayerLinearisation> linearise(const Tensor& input,
                                                ForwardPass& pass) const override;
  bool trains_by_rule() const override { return true; }

 private:
  PoolShape shape_;
};

// [b, c, h, w] -> [b, c], the mean over positions.
class GlobalAveragePool : public Layer {
 public:
  Tensor forward(const Tensor& input, ForwardPass& pass) const override;
  std::unique_ptr<LayerLinearisation> linearise(const Tensor& input,
                                                ForwardPass& pass) const override;
  bool trains_by_rule() const override { return true; }
};

// [b, ...] -> [b, features]
class Flatten : public Layer {
 public:
  Tensor forward(const Tensor& input, ForwardPass& pass) const override;
  std::unique_ptr<LayerLinearisation> linearise(const Tensor& input,
                                                ForwardPass& pass) const override;
  bool trains_by_rule() const override { return true; }
};

}  // namespace oubli
