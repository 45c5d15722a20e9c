#include "core/nn/checkpoint.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <functional>
#include <optional>
#include <set>
#include <string_view>

#include "core/base/text.h"

namespace oubli {
namespace {

std::string shape_text(at::IntArrayRef shape) {
  return fmt::format("[{}]", fmt::join(shape, ", "));
}

[[noreturn]] void fail(const std::string& where, const std::string& message) {
  throw Error(ErrorKind::kData, fmt::format("{}: {}", where, message));
}

// Models hold real numbers alone: whole numbers are counters, positions or masks, which a network
// has in its own code.
bool is_weight(const Tensor& tensor) { return at::isFloatingType(tensor.scalar_type()); }

// Takes the weights of a model out of a file by name and notes whatever does not fit.
class Matcher {
 public:
  explicit Matcher(const TensorFile& file) {
    for (const auto& [name, tensor] : file.tensors) found_.emplace(name, tensor);
  }

  Tensor take(const std::string& name, const std::vector<std::int64_t>& shape) {
    const auto found = found_.find(name);
    if (found == found_.end()) {
      missing_.push_back(name);
      return {};
    }
    Tensor tensor = found->second;
    found_.erase(found);
    if (tensor.sizes() != at::IntArrayRef(shape)) {
      mismatched_.push_back(fmt::format("{}: {} expected, {} found", name, shape_text(shape),
                                        shape_text(tensor.sizes())));
    } else if (!at::isFloatingType(tensor.scalar_type())) {
      mismatched_.push_back(fmt::format("{}: a floating type expected, {} found", name,
                                        at::toString(tensor.scalar_type())));
    }
    return tensor;
  }

  // The complaints, one list per kind, or "".
  std::string complaints() const {
    std::vector<std::string> unexpected;
    for (const auto& [name, tensor] : found_) {
      if (is_weight(tensor)) unexpected.push_back(name);
    }
    std::string text;
    const auto list = [&text](const char* kind, const std::vector<std::string>& names) {
      if (!names.empty()) text += fmt::format(" {}: {}.", kind, listed(names));
    };
    list("Missing", missing_);
    list("Unexpected", unexpected);
    list("Of another shape or type", mismatched_);
    return text;
  }

 private:
  std::map<std::string, Tensor> found_;
  std::vector<std::string> missing_;
  std::vector<std::string> mismatched_;
};

// What would make the names fit, where that is clear: all of `rename`, from the file's own names,
// to be written as it stands.
std::string renaming_advice(const Model& model, const TensorFile& own, const Renaming& tried) {
  std::vector<NamedShape> expected, found;
  for (const ParameterInfo& info : model.parameter_infos()) {
    expected.emplace_back(info.name, info.shape);
  }
  for (const BufferInfo& info : model.buffer_infos()) expected.emplace_back(info.name, info.shape);
  for (const auto& [name, tensor] : own.tensors) {
    if (is_weight(tensor)) found.emplace_back(name, tensor.sizes().vec());
  }
  const std::optional<Renaming> whole = fitting_names(expected, found, tried);
  if (!whole || *whole == tried) return "";
  if (whole->empty()) return " The names are the model's as they are: leave `rename` out.";
  std::vector<std::string> rules;
  for (const auto& [from, to] : *whole) rules.push_back(fmt::format("{}: {}", from, to));
  return fmt::format(" The same shapes under other names: `rename: {{{}}}`.",
                     fmt::join(rules, ", "));
}

// Converts to the model's type; a value that is not finite there is an error with its position.
Tensor converted(const Tensor& tensor, const std::string& name, at::ScalarType dtype,
                 const std::string& where) {
  Tensor values = tensor.to(dtype);
  const Tensor bad = at::isfinite(values).logical_not().nonzero();
  if (bad.size(0) == 0) return values;
  std::vector<std::int64_t> position;
  std::vector<at::indexing::TensorIndex> index;
  for (std::int64_t i = 0; i < bad.size(1); ++i) {
    position.push_back(bad[0][i].item<std::int64_t>());
    index.emplace_back(position.back());
  }
  const double value = index.empty() ? tensor.item<double>() : tensor.index(index).item<double>();
  fail(where,
       fmt::format("'{}' at [{}] is {}, which is not a finite number as {} ({} such values "
                   "in all).",
                   name, fmt::join(position, ", "), value, at::toString(dtype), bad.size(0)));
}

// `named` has the model's names; `advice` says what would make others fit.
void take_weights(Model& model, const TensorFile& named, const std::string& where,
                  const std::function<std::string()>& advice) {
  const at::NoGradGuard no_grad;
  Matcher matcher(named);
  std::vector<Tensor> parameters;
  std::vector<Tensor> buffers;
  for (const ParameterInfo& info : model.parameter_infos()) {
    parameters.push_back(matcher.take(info.name, info.shape));
  }
  for (const BufferInfo& info : model.buffer_infos()) {
    buffers.push_back(matcher.take(info.name, info.shape));
  }
  const std::string complaints = matcher.complaints();
  if (!complaints.empty()) {
    throw WeightsMisfit(
        fmt::format("{}: does not fit the model.{}{}", where, complaints, advice()));
  }
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    parameters[i] = converted(parameters[i], model.parameter_infos()[i].name, model.dtype(), where);
  }
  for (std::size_t i = 0; i < buffers.size(); ++i) {
    buffers[i] = converted(buffers[i], model.buffer_infos()[i].name, model.dtype(), where);
  }
  model.set_theta(model.join(parameters));
  for (std::size_t i = 0; i < buffers.size(); ++i) model.buffers()[i].copy_(buffers[i]);
}

}  // namespace

void save_model(const Model& model, const std::filesystem::path& path,
                const std::map<std::string, std::string>& metadata) {
  TensorFile file;
  file.metadata = metadata;
  for (std::size_t i = 0; i < model.parameters().size(); ++i) {
    file.tensors.emplace_back(model.parameter_infos()[i].name, model.parameters()[i].detach());
  }
  for (std::size_t i = 0; i < model.buffers().size(); ++i) {
    file.tensors.emplace_back(model.buffer_infos()[i].name, model.buffers()[i]);
  }
  write_tensors(path, file);
}

TensorFile renamed(TensorFile file, const Renaming& renaming, const std::string& where) {
  constexpr std::string_view kModule = "module.";
  const bool is_wrapped =
      !file.tensors.empty() &&
      std::all_of(file.tensors.begin(), file.tensors.end(),
                  [&](const auto& entry) { return entry.first.starts_with(kModule); });
  std::set<std::string> used, names;
  for (auto& [name, tensor] : file.tensors) {
    if (is_wrapped) name.erase(0, kModule.size());
    if (const Renaming::value_type* rule = rule_for(name, renaming); rule != nullptr) {
      used.insert(rule->first);
      name = renamed_by(*rule, name);
    }
    if (!names.insert(name).second) {
      fail(where, fmt::format("two tensors are called {} after renaming.", quote(name)));
    }
  }
  for (const auto& [from, to] : renaming) {
    if (used.contains(from)) continue;
    std::vector<std::string> found;
    for (const auto& [name, tensor] : file.tensors) found.push_back(name);
    fail(where, fmt::format("'rename' speaks of {}, which no name begins with. There are {}.",
                            quote(from), listed(found)));
  }
  return file;
}

void load_weights(Model& model, const std::filesystem::path& path) {
  load_weights(model, read_tensors(path), path.string());
}

void load_weights(Model& model, const TensorFile& file, const std::string& where,
                  const Renaming& renaming) {
  const TensorFile own = renamed(file, {}, where);
  const TensorFile named = [&] {
    try {
      return renamed(file, renaming, where);
    } catch (const Error& error) {
      throw Error(error.kind(), error.what() + renaming_advice(model, own, renaming));
    }
  }();
  take_weights(model, named, where, [&] { return renaming_advice(model, own, renaming); });
}

void load_weights(Model& model, const TensorFile& file, const std::string& where) {
  take_weights(model, file, where, [&] { return renaming_advice(model, file, {}); });
}

}  // namespace oubli
