// The fully connected layer. x [b, in], or [b, positions..., in] with one map for all positions.
#pragma once

#include <string>

#include "core/nn/layer.h"

namespace oubli {

// y = x W' + b, W [out, in].
class Linear : public Layer {
 public:
  Linear(ParameterTable& table, const std::string& name, std::int64_t in, std::int64_t out,
         bool bias = true);
  // With weights that start otherwise, and biases at 0.
  Linear(ParameterTable& table, const std::string& name, std::int64_t in, std::int64_t out,
         bool bias, Initialisation initialisation, std::int64_t fan);
  // y = x W' with a weight [out, in] that another layer has added to the table: both are one
  // parameter, whose gradient is the sum over its uses.
  explicit Linear(std::size_t weight) : weight_(weight), has_bias_(false) {}
  Tensor forward(const Tensor& input, ForwardPass& pass) const override;
  std::unique_ptr<LayerLinearisation> linearise(const Tensor& input,
                                                ForwardPass& pass) const override;
  bool trains_by_rule() const override { return true; }

 private:
  std::size_t weight_;
  std::size_t bias_ = 0;
  bool has_bias_;
};

}  // namespace oubli
