// Normalisations with a learned scale and shift.
#pragma once

#include <string>

#include "core/nn/layer.h"

namespace oubli {

// (x - mean) / sqrt(variance + 1e-5) * gamma + beta, by channel; x [b, c, h, w], or features
// [b, c]. Statistics: the batch's in training mode, where the running ones move by 0.1, and
// the running ones in evaluation mode. Training mode on one value per channel throws
// Error(kNumerics): PyTorch's kernel would turn the running variance into NaN.
class BatchNorm2d : public Layer {
 public:
  BatchNorm2d(ParameterTable& table, const std::string& name, std::int64_t channels);
  Tensor forward(const Tensor& input, ForwardPass& pass) const override;
  std::unique_ptr<LayerLinearisation> linearise(const Tensor& input,
                                                ForwardPass& pass) const override;

 private:
  std::int64_t channels_;
  std::size_t gamma_, beta_, mean_, variance_;
};

// The same map with statistics over each example's groups of channels: no running state.
// x [b, c, positions...]. Throws Error(kUsage) where the groups do not divide the channels.
class GroupNorm : public Layer {
 public:
  GroupNorm(ParameterTable& table, const std::string& name, std::int64_t groups,
            std::int64_t channels);
  Tensor forward(const Tensor& input, ForwardPass& pass) const override;
  std::unique_ptr<LayerLinearisation> linearise(const Tensor& input,
                                                ForwardPass& pass) const override;

 private:
  std::int64_t groups_;
  std::size_t gamma_, beta_;
};

// The same map with statistics over the features of each position; x [b, positions..., features].
class LayerNorm : public Layer {
 public:
  LayerNorm(ParameterTable& table, const std::string& name, std::int64_t features);
  Tensor forward(const Tensor& input, ForwardPass& pass) const override;
  std::unique_ptr<LayerLinearisation> linearise(const Tensor& input,
                                                ForwardPass& pass) const override;
  bool trains_by_rule() const override { return true; }

 private:
  std::int64_t features_;
  std::size_t gamma_, beta_;
};

}  // namespace oubli
