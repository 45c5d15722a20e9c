// A table of vectors, one for each token: x [b, positions...] of token numbers, in any type, to
// [b, positions..., features].
//
// Token numbers have no derivative: an embedding stands where the data enters. Error(kData) for a
// number outside the table, Error(kUsage) where a gradient in the tokens is asked for.
#pragma once

#include <string>

#include "core/nn/layer.h"

namespace oubli {

class Embedding : public Layer {
 public:
  Embedding(ParameterTable& table, const std::string& name, std::int64_t tokens,
            std::int64_t features, Initialisation initialisation = Initialisation::kNormal);
  Tensor forward(const Tensor& input, ForwardPass& pass) const override;
  std::unique_ptr<LayerLinearisation> linearise(const Tensor& input,
                                                ForwardPass& pass) const override;
  bool trains_by_rule() const override { return true; }
  // Number of the table among the parameters, for a layer that shares it.
  std::size_t weight() const { return weight_; }

 private:
  Tensor checked(const Tensor& input) const;  // int64

  std::int64_t tokens_;
  std::size_t weight_;
};

}  // namespace oubli
