// What is particular to the positions of a sequence, x [b, positions, features].
#pragma once

#include <string>

#include "core/nn/layer.h"

namespace oubli {

// x plus a learnt vector for each position, table [context, features]; sequences may be shorter.
// Throws Error(kData) for a longer one.
class PositionEmbedding : public Layer {
 public:
  PositionEmbedding(ParameterTable& table, const std::string& name, std::int64_t context,
                    std::int64_t features, Initialisation initialisation = Initialisation::kNormal,
                    std::int64_t fan = 1);
  Tensor forward(const Tensor& input, ForwardPass& pass) const override;
  std::unique_ptr<LayerLinearisation> linearise(const Tensor& input,
                                                ForwardPass& pass) const override;
  bool trains_by_rule() const override { return true; }

 private:
  const Tensor& checked(const Tensor& input) const;
  std::int64_t context_;
  std::size_t weight_;
};

// The last position alone: [b, features].
class LastPosition : public Layer {
 public:
  Tensor forward(const Tensor& input, ForwardPass& pass) const override;
  std::unique_ptr<LayerLinearisation> linearise(const Tensor& input,
                                                ForwardPass& pass) const override;
  bool trains_by_rule() const override { return true; }
};

}  // namespace oubli
