#include "core/nn/layers/codebook.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <limits>
#include <utility>
#include <vector>

#include "core/base/error.h"
#include "core/nn/linearisation.h"

namespace oubli {

Codebook::Codebook(std::shared_ptr<const Layer> network, std::size_t parameters, std::size_t weight)
    : network_(std::move(network)), parameters_(parameters), weight_(weight) {}

bool Codebook::is_empty(const ForwardPass& pass) const {
  return pass.parameters[radii()].le(0).all().item<bool>();
}

Tensor Codebook::looked_up(const Tensor& input, const Tensor& output,
                           const ForwardPass& pass) const {
  const Tensor radii = pass.parameters[this->radii()].detach();
  const Tensor rows = input.detach().reshape({-1, input.size(-1)});
  constexpr std::int64_t kByDifferences = 2;  // a key is at no distance from itself
  const Tensor apart = at::cdist(rows, pass.parameters[keys()].detach(), 2, kByDifferences);
  const Tensor far = at::full({}, std::numeric_limits<double>::infinity(), apart.options());
  const auto [distance, nearest] = at::where(radii.gt(0), apart, far).min(1);
  const Tensor is_inside = distance.le(radii.index_select(0, nearest)).unsqueeze(1);
  const Tensor values = pass.parameters[this->values()].index_select(0, nearest);
  return at::where(is_inside, values, output.reshape({-1, output.size(-1)})).view(output.sizes());
}

Tensor Codebook::forward(const Tensor& input, ForwardPass& pass) const {
  if (is_empty(pass)) return network_->forward(input, pass);
  const Tap tap = [&](std::size_t weight, const Tensor& in, const Tensor& out) {
    return pass.tapped(weight, in, weight == weight_ ? looked_up(in, out, pass) : out);
  };
  ForwardPass own{pass.parameters, pass.buffers, pass.mode, pass.generator, &tap};
  return network_->forward(input, own);
}

std::unique_ptr<LayerLinearisation> Codebook::linearise(const Tensor& input,
                                                        ForwardPass& pass) const {
  return is_empty(pass) ? network_->linearise(input, pass) : Layer::linearise(input, pass);
}

Network with_codebook(const Network& network, const std::string& layer, std::int64_t entries) {
  const std::vector<ParameterInfo>& infos = network.table->parameters();
  auto table = std::make_shared<ParameterTable>();
  std::size_t weight = infos.size();
  for (std::size_t i = 0; i < infos.size(); ++i) {
    if (infos[i].name == layer + ".weight") weight = i;
    table->add(infos[i].name, infos[i].shape, infos[i].initialisation, infos[i].fan);
  }
  if (weight == infos.size()) {
    throw Error(ErrorKind::kTask,
                fmt::format("a codebook stands at a linear layer, and the network "
                            "has none of the name '{}'",
                            layer));
  }
  for (const BufferInfo& info : network.table->buffers())
    table->add_buffer(info.name, info.initial);
  const std::int64_t out = infos[weight].shape[0], in = infos[weight].shape[1];
  table->add("codebook.keys", {entries, in}, Initialisation::kZeros, 1);
  table->add("codebook.values", {entries, out}, Initialisation::kZeros, 1);
  table->add("codebook.radii", {entries}, Initialisation::kZeros, 1);
  return {std::make_shared<Codebook>(network.layers, infos.size(), weight), table};
}

}  // namespace oubli
