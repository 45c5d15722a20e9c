#include "core/nn/layer.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "core/base/error.h"
#include "core/nn/automatic_linearisation.h"

namespace oubli {
namespace {

// No machine holds as many, and their number and bytes are whole numbers still.
constexpr std::int64_t kMostParameters = 1'000'000'000'000;

}  // namespace

void ParameterTable::require_new(const std::string& name) const {
  const auto same = [&name](const auto& other) { return other.name == name; };
  const auto has_alias = [&name](const ParameterInfo& other) {
    return std::find(other.aliases.begin(), other.aliases.end(), name) != other.aliases.end();
  };
  if (std::any_of(parameters_.begin(), parameters_.end(), same) ||
      std::any_of(buffers_.begin(), buffers_.end(), same) ||
      std::any_of(parameters_.begin(), parameters_.end(), has_alias)) {
    throw Error(ErrorKind::kUsage, fmt::format("two parameters or buffers are named '{}'", name));
  }
}

std::size_t ParameterTable::add(const std::string& name, std::vector<std::int64_t> shape,
                                Initialisation initialisation, std::int64_t fan) {
  require_new(name);
  ParameterInfo info{name, std::move(shape), size_, 1, initialisation, fan};
  for (const std::int64_t extent : info.shape) {
    if (extent > kMostParameters / std::max<std::int64_t>(info.size, 1))
      info.size = kMostParameters;
    else
      info.size *= extent;
  }
  if (info.size + size_ >= kMostParameters) {
    throw Error(
        ErrorKind::kUsage,
        fmt::format("the network has more than {:.0e} parameters with '{}' of shape [{}]",
                    static_cast<double>(kMostParameters), name, fmt::join(info.shape, ", ")));
  }
  size_ += info.size;
  parameters_.push_back(std::move(info));
  return parameters_.size() - 1;
}

std::size_t ParameterTable::add_buffer(const std::string& name, Tensor initial) {
  require_new(name);
  std::vector<std::int64_t> shape = initial.sizes().vec();
  buffers_.push_back({name, std::move(shape), std::move(initial)});
  return buffers_.size() - 1;
}

void ParameterTable::add_alias(std::size_t parameter, const std::string& name) {
  require_new(name);
  parameters_.at(parameter).aliases.push_back(name);
}

std::unique_ptr<LayerLinearisation> Layer::linearise(const Tensor& input, ForwardPass& pass) const {
  return std::make_unique<AutomaticLinearisation>(*this, input, pass);
}

}  // namespace oubli
