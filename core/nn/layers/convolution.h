// The two-dimensional convolution. Images are [b, channels, height, width].
#pragma once

#include <string>

#include "core/nn/layer.h"

namespace oubli {

struct Conv2dShape {
  std::int64_t in = 0;
  std::int64_t out = 0;
  std::int64_t kernel = 3;
  std::int64_t stride = 1;
  std::int64_t padding = 0;
  std::int64_t groups = 1;  // divides both channel counts
  bool bias = true;
};

// Cross-correlation, weight [out, in / groups, kernel, kernel]. Throws Error(kUsage) where the
// groups do not divide the channels.
class Conv2d : public Layer {
 public:
  Conv2d(ParameterTable& table, const std::string& name, const Conv2dShape& shape,
         Initialisation initialisation = Initialisation::kUniformFanIn);
  Tensor forward(const Tensor& input, ForwardPass& pass) const override;
  std::unique_ptr<LayerLinearisation> linearise(const Tensor& input,
                                                ForwardPass& pass) const override;
  bool trains_by_rule() const override { return true; }

 private:
  Conv2dShape shape_;
  std::size_t weight_;
  std::size_t bias_ = 0;
};

}  // namespace oubli
