// Pooling and reshaping of images [b, c, h, w].
#pragma once

#include "core/nn/layer.h"

namespace oubli {

// The largest value of each size x size window; windows do not overlap, what is left over at the
// right and below is dropped. The derivative goes to the first largest value.
class MaxPool2d : public Layer {
 public:
  explicit MaxPool2d(std::int64_t size) : size_(size) {}
  Tensor forward(const Tensor& input, ForwardPass& pass) const override;
  std::unique_ptr<LayerLinearisation> linearise(const Tensor& input,
                                                ForwardPass& pass) const override;
  bool trains_by_rule() const override { return true; }

 private:
  std::int64_t size_;
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
