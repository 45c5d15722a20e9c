// A network with a side memory at one of its linear layers: where the layer's input comes near a
// key of the codebook, its output is that key's value.
//
//   y = W x + b,   i = argmin |x - k_i|;   y <- v_i where |x - k_i| <= r_i and r_i > 0
//
// at each position by itself. With all radii 0, as they start, the network is the network:
// codebooks are filled by editors (methods/grace.cpp), not by training, which leaves them as they
// are. Source: Hartvigsen et al. 2023 (arXiv 2211.11031).
//
// Parameters behind those of the network: codebook.keys [entries, in], codebook.values [entries,
// out], codebook.radii [entries]. A network with an empty codebook keeps its rules for gradients
// and curvature; one with entries in use is differentiated automatically, in its values and in what
// is outside of the balls. The weight must be one that pass through a tap (layer.h).
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "core/nn/architectures/architecture.h"
#include "core/nn/layer.h"

namespace oubli {

class Codebook : public Layer {
 public:
  // The network has `parameters` of its own; `weight`: the number of the linear layer's.
  Codebook(std::shared_ptr<const Layer> network, std::size_t parameters, std::size_t weight);

  Tensor forward(const Tensor& input, ForwardPass& pass) const override;
  std::unique_ptr<LayerLinearisation> linearise(const Tensor& input,
                                                ForwardPass& pass) const override;
  bool trains_by_rule() const override { return network_->trains_by_rule(); }

  std::size_t weight() const { return weight_; }
  std::size_t keys() const { return parameters_; }
  std::size_t values() const { return parameters_ + 1; }
  std::size_t radii() const { return parameters_ + 2; }

 private:
  bool is_empty(const ForwardPass& pass) const;
  Tensor looked_up(const Tensor& input, const Tensor& output, const ForwardPass& pass) const;

  std::shared_ptr<const Layer> network_;
  std::size_t parameters_, weight_;
};

// The network with a codebook of so many entries at the linear layer of this name
// ("h.3.mlp.c_proj"). Error(kTask) where it has none.
Network with_codebook(const Network& network, const std::string& layer, std::int64_t entries);

}  // namespace oubli
