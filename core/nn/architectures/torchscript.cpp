// Any network that PyTorch scripted or traced: `model: {name: torchscript, file: net.pt}`.
#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/base/hash.h"
#include "core/nn/architectures/parts.h"
#include "core/nn/layers/script.h"

namespace oubli {
namespace {

// Outputs of two examples of zeros: the shape must be [2, outputs].
void require_outputs(const Model& model, const NetworkShape& shape, const std::string& file,
                     const Origin& origin) {
  const at::NoGradGuard no_grad;
  std::vector<std::int64_t> input = {2};
  input.insert(input.end(), shape.input.begin(), shape.input.end());
  const Tensor outputs = model.forward(at::zeros(input, at::TensorOptions(model.dtype())));
  if (outputs.dim() == 2 && outputs.size(0) == 2 && outputs.size(1) == shape.outputs) return;
  fail_at(origin, fmt::format("{} gives [{}] for two examples, expected [2, {}].", file,
                              fmt::join(outputs.sizes(), ", "), shape.outputs));
}

std::string checked_hash(const std::filesystem::path& file, const std::string& expected,
                         const Origin& origin) {
  const std::string found = file_hash_hex(file);
  if (expected.empty() || found == expected) return found;
  fail_at(origin, fmt::format("{} has changed: its SHA-256 is {}, expected {}. Leave 'sha256' out "
                              "to take it as it is.",
                              file.string(), found, expected));
}

}  // namespace

Architecture torchscript_architecture() {
  Architecture architecture;
  architecture.name = "torchscript";
  architecture.summary = "a network that PyTorch scripted or traced, by automatic differentiation";
  architecture.configure = [](const Settings& settings) {
    const Origin origin = settings.origin("file");
    const std::filesystem::path folder = settings.folder_of("file");
    const std::filesystem::path named = settings.path(
        "file", {.doc = "what torch.jit.script(net).save(FILE) wrote; where that fails, "
                        "torch.jit.trace(net.eval(), example).save(FILE): a traced network keeps "
                        "dropout and batch norm as they were when traced, in training too"});
    const std::string sha256 =
        settings.text("sha256", {.default_value = "", .doc = "of the file, where it must be this"});
    const std::filesystem::path file = folder / named;
    // Part of what results depend on: the file may change, and keep its name.
    if (!settings.is_describing()) settings.record("sha256", checked_hash(file, sha256, origin));
    return [file, origin](const NetworkShape& shape) -> Network {
      require_shape("torchscript", origin, shape);
      auto table = std::make_shared<ParameterTable>();
      std::shared_ptr<const Layer> layer = make_script_layer(file, *table);
      const Network network{layer, table};
      Model model(network.layers, network.table, at::kFloat);
      require_outputs(model, shape, file.string(), origin);
      require_trainable_script(model, file, shape.input);
      return network;
    };
  };
  return architecture;
}

}  // namespace oubli
