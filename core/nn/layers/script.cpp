#include "core/nn/layers/script.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/jit/runtime/graph_executor.h>
#include <torch/script.h>

#include <map>
#include <mutex>
#include <utility>
#include <vector>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/nn/checkpoint.h"

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
                fmt::format("{}: not a scripted or traced network (torch.jit.script(net)"
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

// Fused attention cannot be differentiated twice; its plain form, products and a softmax, can. The
// switch is LibTorch's, for the whole process, in which no other layer has attention.
void use_plain_attention() {
  at::globalContext().setSDPUseFlash(false);
  at::globalContext().setSDPUseMemEfficient(false);
}

// Statistics start from nothing; what else a network holds, such as the encoding of positions, is a
// constant of it.
Tensor start_of_buffer(const torch::jit::Named<Tensor>& buffer) {
  if (buffer.name.ends_with("running_mean")) return at::zeros_like(buffer.value);
  if (buffer.name.ends_with("running_var")) return at::ones_like(buffer.value);
  return buffer.value.detach().clone();
}

class ScriptLayer : public Layer {
 public:
  ScriptLayer(const std::filesystem::path& file, ParameterTable& table)
      : file_(file.string()), module_(load_module(file)) {
    use_plain_attention();
    for (const auto& parameter : module_.named_parameters()) {
      const Slot slot = slot_of(module_, parameter.name);
      const auto [start, fan] = start_of(slot, parameter.value);
      parameters_.emplace_back(table.add(parameter.name, parameter.value.sizes().vec(), start, fan),
                               slot);
    }
    for (const auto& buffer : module_.named_buffers()) {
      if (!at::isFloatingType(buffer.value.scalar_type())) continue;  // a counter
      buffers_.emplace_back(table.add_buffer(buffer.name, start_of_buffer(buffer)),
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

// The generator that LibTorch's own layers draw from, given back as it was found.
class LibraryGenerator {
 public:
  LibraryGenerator() : engine_(at::detail::getDefaultCPUGenerator()) {
    const std::lock_guard<std::mutex> alone(engine_.mutex());
    before_ = engine_.get_state();
  }
  ~LibraryGenerator() {
    const std::lock_guard<std::mutex> alone(engine_.mutex());
    engine_.set_state(before_);
  }
  LibraryGenerator(const LibraryGenerator&) = delete;
  LibraryGenerator& operator=(const LibraryGenerator&) = delete;

  void seed(std::uint64_t seed) {
    const std::lock_guard<std::mutex> alone(engine_.mutex());
    engine_.set_current_seed(seed);
  }

 private:
  at::Generator engine_;
  Tensor before_;
};

// The file's weights, moved a little: those of a network that was never trained may be zeros, which
// hide what happens to them.
void start_near_the_file(Model& model, const std::filesystem::path& file) {
  Generator generator(0);
  model.initialise(generator);
  const Tensor drawn = model.theta().detach().clone();
  load_weights(model, script_weights(file), file.string());
  model.add_to_theta(drawn);
}

// Rows of `a` and `b` that are to be the same, beyond what rounding explains.
bool differ(const Tensor& a, const Tensor& b, double rounding) {
  if (!at::isfinite(a).all().item<bool>() || !at::isfinite(b).all().item<bool>()) return false;
  return (a - b).abs().max().item<double>() > rounding * a.abs().max().item<double>();
}

// What was traced in training mode stays in it: the calls of dropout and batch normalisation are
// written down with `training` as a constant, which train(false) does not reach.
void require_evaluation_mode(const Model& model, const Tensor& inputs, const std::string& file) {
  constexpr double kRounding = 1e-6, kRoundingOfBatches = 1e-3;
  const at::NoGradGuard no_grad;
  LibraryGenerator generator;
  generator.seed(1);
  const Tensor first = model.forward(inputs);
  generator.seed(2);
  const bool draws = differ(first, model.forward(inputs), kRounding);
  const Tensor alone = model.forward(inputs.narrow(0, 0, 1));
  if (!draws && !differ(first.narrow(0, 0, 1), alone, kRoundingOfBatches)) return;
  throw Error(ErrorKind::kData,
              fmt::format("{}: in evaluation mode the outputs of an example {}: the network was "
                          "traced in training mode, which {} then never leaves. Call net.eval() "
                          "before torch.jit.trace, or use torch.jit.script.",
                          file,
                          draws ? "differ from one pass to the next"
                                : "depend on the other examples of its batch",
                          draws ? "dropout" : "batch normalisation"));
}

// The list in which a part of the network holds a parameter a second time; "" where it does not.
std::string second_holder(const Slot& slot, const Tensor& value) {
  for (const auto& attribute : slot.owner.named_attributes(/*recurse=*/false)) {
    if (!attribute.value.isList()) continue;
    for (const torch::IValue& each : attribute.value.toListRef()) {
      if (each.isTensor() && each.toTensor().equal(value)) return attribute.name;
    }
  }
  return "";
}

// Parameters that outputs do not depend on are harmless, unless they are held twice and the
// network runs on the others, which no step reaches: scripted recurrent layers do.
void require_reachable(const Model& model, const Tensor& inputs,
                       const std::filesystem::path& file) {
  const at::AutoGradMode with_grad(true);
  const Tensor outputs = model.forward(inputs);
  Tensors gradients(model.parameters().size());
  if (outputs.requires_grad()) {
    gradients = torch::autograd::grad({outputs.sum()}, model.parameters(), {}, std::nullopt, false,
                                      /*allow_unused=*/true);
  }
  const Module module = load_module(file);
  std::size_t number = 0;
  for (const auto& parameter : module.named_parameters()) {
    if (gradients[number++].defined()) continue;
    const std::string holder = second_holder(slot_of(module, parameter.name), parameter.value);
    if (holder.empty()) continue;
    throw Error(ErrorKind::kData,
                fmt::format("{}: the network does not run on its parameter {} but on a copy of it "
                            "in '{}', as scripted nn.GRU, nn.LSTM and nn.RNN do: training and "
                            "edits would not reach it. Trace it instead: net.eval(), then "
                            "torch.jit.trace(net, example).",
                            file.string(), parameter.name, holder));
  }
}

}  // namespace

void require_trainable_script(Model& model, const std::filesystem::path& file,
                              std::vector<std::int64_t> input) {
  start_near_the_file(model, file);
  input.insert(input.begin(), 2);
  // Between 0 and 1, where numbers of tokens round to the first one.
  const Tensor inputs = Generator(1).uniform(input, model.dtype());
  require_evaluation_mode(model, inputs, file.string());
  require_reachable(model, inputs, file);
}

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
