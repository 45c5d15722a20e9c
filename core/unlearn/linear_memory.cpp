#include "core/unlearn/linear_memory.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

#include <optional>

#include "core/base/error.h"

namespace oubli {
namespace {

std::string name_of_memory(std::int64_t layer) {
  return fmt::format("h.{}.mlp.c_proj.weight", layer);
}

}  // namespace

LinearMemory LinearMemory::of(const Model& model, std::int64_t layer) {
  const std::int64_t layers = memory_layers(model);
  if (layer < 0 || layer >= layers) {
    throw Error(ErrorKind::kTask,
                fmt::format("layer {} is to be edited, and the model's layers are "
                            "0 to {}",
                            layer, layers - 1));
  }
  std::optional<std::size_t> after =
      model.find_parameter(fmt::format("h.{}.ln_1.weight", layer + 1));
  if (!after) after = model.find_parameter("ln_f.weight");
  LinearMemory memory;
  memory.layer = layer;
  memory.weight = *model.find_parameter(name_of_memory(layer));
  memory.after = after.value_or(model.parameter_infos().size());
  const ParameterInfo& info = model.parameter_infos()[memory.weight];
  memory.offset = info.offset;
  memory.out = info.shape[0];
  memory.in = info.shape[1];
  return memory;
}

Tensor LinearMemory::take(const Tensor& flat) const {
  return flat.narrow(0, offset, out * in).view({out, in});
}

void LinearMemory::add(Model& model, const Tensor& change) const {
  const Tensor theta = model.theta().detach().clone();
  take(theta).copy_(take(theta).to(at::kDouble) + change);
  model.set_theta(theta);
}

std::int64_t memory_layers(const Model& model) {
  std::int64_t layers = 0;
  while (model.find_parameter(name_of_memory(layers))) ++layers;
  if (layers > 0) return layers;
  throw Error(
      ErrorKind::kTask,
      "the model has no parameter 'h.0.mlp.c_proj.weight': editors change the second matrix "
      "of an MLP of a decoder, which the architecture gpt has");
}

std::vector<MemoryContents> read_memories(const Model& model,
                                          const std::vector<LinearMemory>& memories,
                                          const Tensor& inputs, const Tensor& at, CostMeter& cost) {
  const at::NoGradGuard no_grad;
  std::vector<MemoryContents> found(memories.size());
  model.forward(inputs, [&](std::size_t weight, const Tensor& input, const Tensor& output) {
    for (std::size_t m = 0; m < memories.size(); ++m) {
      if (weight == memories[m].weight) {
        found[m].keys = at_positions(input, at);
        found[m].values = at_positions(output, at);
      }
      if (weight == memories[m].after) found[m].stream = at_positions(input, at);
    }
    return output;
  });
  cost.add_forwards(inputs.size(0));
  return found;
}

}  // namespace oubli
