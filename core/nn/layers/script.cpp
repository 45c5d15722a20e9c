#include "core/nn/layers/script.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <torch/csrc/jit/runtime/graph_executor.h>
#include <torch/script.h>

#include <map>
#include <mutex>
#include <utility>
#include <vector>

#include "core/base/error.h"
#include "core/base/file.h"

namespace oubli {
namespace {

using Module = torch::jit::Module;

// A tensor of the module: the part that has it, and its name there.
struct Slot {
  Module owner;
  std::string name;
};

// What LibTorch says, without its trace of calls.
std::string first_line(const c10::Error& error) {
  const std::string text = error.what_without_backtrace();
  return text.substr(0, text.find('\n'));
}

Module load_module(const std::filesystem::path& file) {
  const InputFile opened(file);  // an ordinary file, or an error that says so
  try {
    return torch::jit::load(file.string(), at::kCPU);
  } catch (const c10::Error& error) {
    throw Error(ErrorKind::kData,
                fmt::format("{}: not a traced or scripted network (torch.jit.trace(net, example)"
                            ".save(FILE) writes one): {}",
                            file.string(), first_line(error)));
  }
}

// The part of the module that a dotted name leads to.
Slot slot_of(const Module& module, const std::string& dotted) {
  Module owner = module;
  std::string rest = dotted;
  for (std::size_t dot = rest.find('.'); dot != std::string::npos; dot = rest.find('.')) {
    owner = owner.attr(rest.substr(0, dot)).toModule();
    rest.erase(0, dot + 1);
  }
  return {owner, rest};
}

// How PyTorch starts such a parameter, from the kind of layer that has it.
std::pair<Initialisation, std::int64_t> start_of(const Slot& slot, const Tensor& value) {
  const std::string kind =
      slot.owner.type()->name() ? slot.owner.type()->name()->qualifiedName() : std::string();
  if (kind.find("Norm") != std::string::npos && value.dim() == 1) {
    return {slot.name == "bias" ? Initialisation::kZeros : Initialisation::kOnes, 1};
  }
  if (kind.find("Embedding") != std::string::npos) return {Initialisation::kNormal, 1};
  Tensor weight = value;
  if (value.dim() < 2 && slot.owner.hasattr("weight")) {
    const torch::IValue found = slot.owner.attr("weight");
    if (found.isTensor()) weight = found.toTensor();
  }
  std::int64_t fan_in = 1;
  for (std::int64_t i = 1; i < weight.dim(); ++i) fan_in *= weight.size(i);
  return {Initialisation::kUniformFanIn, fan_in};
}

class ScriptLayer : public Layer {
 public:
  ScriptLayer(const std::filesystem::path& file, ParameterTable& table)
      : file_(file.string()), module_(load_module(file)) {
    for (const auto& parameter : module_.named_parameters()) {
      const Slot slot = slot_of(module_, parameter.name);
      const auto [start, fan] = start_of(slot, parameter.value);
      parameters_.emplace_back(table.add(parameter.name, parameter.value.sizes().vec(), start, fan),
                               slot);
    }
    for (const auto& buffer : module_.named_buffers()) {
      if (!at::isFloatingType(buffer.value.scalar_type())) continue;  // a counter
      const bool is_variance = buffer.name.ends_with("running_var");
      buffers_.emplace_back(
          table.add_buffer(buffer.name, buffer.value.sizes().vec(), is_variance ? 1 : 0),
          slot_of(module_, buffer.name));
    }
    if (parameters_.empty()) {
      throw Error(ErrorKind::kData, fmt::format("{}: the network has no parameters (a frozen one "
                                                "keeps them as constants). Save it unfrozen.",
                                                file_));
    }
  }

  Tensor forward(const Tensor& input, ForwardPass& pass) const override {
    const std::lock_guard<std::mutex> alone(mutex_);
    // Operation by operation: what is fused cannot always be differentiated twice.
    const torch::jit::GraphOptimizerEnabledGuard as_written(false);
    for (auto& [number, slot] : parameters_) {
      slot.owner.setattr(slot.name, pass.parameters[number]);
    }
    for (auto& [number, slot] : buffers_) {
      slot.owner.setattr(slot.name, pass.buffers[number]);
    }
    module_.train(pass.mode == PassMode::kTraining);
    if (pass.mode == PassMode::kTraining && pass.generator != nullptr) {
      constexpr std::int64_t kSeeds = std::int64_t{1} << 31;
      at::manual_seed(static_cast<std::uint64_t>(
          pass.generator->integers(0, kSeeds, {1}).item<std::int64_t>()));
    }
    try {
      return module_.forward({input}).toTensor();
    } catch (const c10::Error& error) {
      throw Error(ErrorKind::kNumerics, fmt::format("{}: {}", file_, first_line(error)));
    } catch (const std::runtime_error& error) {  // with the network's own lines behind it
      const std::string text = error.what();
      throw Error(ErrorKind::kNumerics, fmt::format("{}: {}", file_, text));
    }
  }

 private:
  std::string file_;
  mutable Module module_;
  mutable std::vector<std::pair<std::size_t, Slot>> parameters_, buffers_;
  mutable std::mutex mutex_;
};

}  // namespace

LayerPtr make_script_layer(const std::filesystem::path& file, ParameterTable& table) {
  return std::make_unique<ScriptLayer>(file, table);
}

TensorFile script_weights(const std::filesystem::path& file) {
  const Module module = load_module(file);
  TensorFile weights;
  for (const auto& parameter : module.named_parameters()) {
    weights.tensors.emplace_back(parameter.name, parameter.value.detach().contiguous());
  }
  for (const auto& buffer : module.named_buffers()) {
    weights.tensors.emplace_back(buffer.name, buffer.value.detach().contiguous());
  }
  return weights;
}

}  // namespace oubli
