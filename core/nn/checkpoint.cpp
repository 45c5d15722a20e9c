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

// A layer's causal mask, which GPT-2's files hold beside its weights: ones up to the present
// position, and what is written in the place of the others.
bool is_mask(const std::string& name, const Tensor& tensor) {
  return (name.ends_with("attn.bias") && tensor.dim() == 4) ||
         (name.ends_with("attn.masked_bias") && tensor.numel() == 1);
}

// Takes the weights of a model out of a file by name and notes whatever does not fit.
class Matcher {
 public:
  explicit Matcher(const TensorFile& file) {
    for (const auto& [name, tensor] : file.tensors) found_.emplace(name, tensor);
  }

  // Under any of its names; where the file has several, all must hold the same.
  Tensor take(const ParameterInfo& info) {
    std::string first = info.name;
    for (const std::string& alias : info.aliases) {
      const auto other = found_.find(alias);
      if (other == found_.end()) continue;
      const auto own = found_.find(first);
      if (own == found_.end()) {
        first = alias;
        continue;
      }
      if (!are_same(own->second, other->second)) {
        differing_.push_back(fmt::format("{} and {}", alias, first));
      }
      found_.erase(other);
    }
    return take(found_.contains(first) ? first : info.name, info.shape);
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
      if (is_weight(tensor) && !is_mask(name, tensor)) unexpected.push_back(name);
    }
    std::string text;
    const auto list = [&text](const char* kind, const std::vector<std::string>& names) {
      if (!names.empty()) text += fmt::format(" {}: {}.", kind, listed(names));
    };
    list("Missing", missing_);
    list("Unexpected", unexpected);
    list("Of another shape or type", mismatched_);
    list("One tensor in the model (`tied: false` makes them two) and different in the file",
         differing_);
    return text;
  }

 private:
  static bool are_same(const Tensor& a, const Tensor& b) {
    return a.sizes() == b.sizes() && a.scalar_type() == b.scalar_type() && a.equal(b);
  }

  std::map<std::string, Tensor> found_;
  std::vector<std::string> missing_;
  std::vector<std::string> mismatched_;
  std::vector<std::string> differing_;
};

// What of a file could be weights, whatever they are called: masks are left out, and where there
// are more tensors than the model has, second names of what it holds once.
std::vector<NamedShape> weights_in(const TensorFile& file, const Model& model) {
  std::vector<NamedShape> found;
  for (const auto& [name, tensor] : file.tensors) {
    if (is_weight(tensor) && !is_mask(name, tensor)) found.emplace_back(name, tensor.sizes().vec());
  }
  if (found.size() <= model.parameter_infos().size() + model.buffer_infos().size()) return found;
  for (const ParameterInfo& info : model.parameter_infos()) {
    for (const std::string& alias : info.aliases) {
      std::erase_if(found, [&](const NamedShape& one) {
        return one.second == info.shape && (one.first == alias || one.first.ends_with("." + alias));
      });
    }
  }
  return found;
}

std::string written(const FileForm& form) {
  std::vector<std::string> keys, rules;
  for (const auto& [from, to] : form.rename) {
    rules.push_back(fmt::format("{}: {}", from, to.empty() ? "\"\"" : to));
  }
  if (!rules.empty()) keys.push_back(fmt::format("rename: {{{}}}", fmt::join(rules, ", ")));
  if (!form.transposed.empty()) {
    keys.push_back(fmt::format("transposed: [{}]", fmt::join(form.transposed, ", ")));
  }
  return fmt::format("{}", fmt::join(keys, ", "));
}

// What would make the file fit, where that is clear: all of `rename` and `transposed`, from its own
// names, to be written as it stands.
std::string advice_on_form(const Model& model, const TensorFile& own, const FileForm& tried) {
  std::vector<NamedShape> expected;
  for (const ParameterInfo& info : model.parameter_infos()) {
    expected.emplace_back(info.name, info.shape);
  }
  for (const BufferInfo& info : model.buffer_infos()) expected.emplace_back(info.name, info.shape);
  const std::optional<FileForm> whole =
      fitting_form(expected, weights_in(own, model), tried.rename);
  if (!whole || *whole == tried) return "";
  if (*whole == FileForm()) {
    return tried.transposed.empty()
               ? " The names are the model's as they are: leave `rename` out."
               : " Names and matrices are the model's as they are: leave `rename` and "
                 "`transposed` out.";
  }
  return fmt::format(
      " The same shapes{}{}: `{}`.", whole->rename.empty() ? "" : " under other names",
      whole->transposed.empty() ? "" : ", matrices of some layers transposed", written(*whole));
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
    parameters.push_back(matcher.take(info));
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

TensorFile turned(TensorFile file, const std::vector<std::string>& layers,
                  const std::string& where) {
  std::set<std::string> with_matrix;
  for (auto& [name, tensor] : file.tensors) {
    if (tensor.dim() != 2) continue;
    const std::string own = last_part_of_layer(name);
    with_matrix.insert(own);
    if (std::find(layers.begin(), layers.end(), own) != layers.end()) {
      tensor = tensor.t().contiguous();
    }
  }
  for (const std::string& layer : layers) {
    if (with_matrix.contains(layer)) continue;
    fail(where, fmt::format("'transposed' speaks of {}, which is the last part of no layer's name "
                            "that has a matrix. There are {}.",
                            quote(layer), listed({with_matrix.begin(), with_matrix.end()})));
  }
  return file;
}

void load_weights(Model& model, const std::filesystem::path& path) {
  load_weights(model, read_tensors(path), path.string());
}

void load_weights(Model& model, const TensorFile& file, const std::string& where,
                  const FileForm& form) {
  const TensorFile own = renamed(file, {}, where);
  const auto advice = [&] { return advice_on_form(model, own, form); };
  const TensorFile named = [&] {
    try {
      return renamed(turned(file, form.transposed, where), form.rename, where);
    } catch (const Error& error) {
      throw Error(error.kind(), error.what() + advice());
    }
  }();
  take_weights(model, named, where, advice);
}

void load_weights(Model& model, const TensorFile& file, const std::string& where) {
  take_weights(model, file, where, [&] { return advice_on_form(model, file, {}); });
}

}  // namespace oubli
