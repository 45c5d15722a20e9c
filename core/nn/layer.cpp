#include "core/nn/layer.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/error.h"
#include "core/nn/automatic_linearisation.h"

namespace oubli {

void ParameterTable::require_new(const std::string& name) const {
  const auto same = [&name](const auto& other) { return other.name == name; };
  if (std::any_of(parameters_.begin(), parameters_.end(), same) ||
      std::any_of(buffers_.begin(), buffers_.end(), same)) {
    throw Error(ErrorKind::kUsage, fmt::format("two parameters or buffers are named '{}'", name));
  }
}

std::size_t ParameterTable::add(const std::string& name, std::vector<std::int64_t> shape,
                                Initialisation initialisation, std::int64_t fan) {
  require_new(name);
  ParameterInfo info{name, std::move(shape), size_, 1, initialisation, fan};
  for (const std::int64_t extent : info.shape) info.size *= extent;
  size_ += info.size;
  parameters_.push_back(std::move(info));
  return parameters_.size() - 1;
}

std::size_t ParameterTable::add_buffer(const std::string& name, std::vector<std::int64_t> shape,
                                       double initial) {
  require_new(name);
  buffers_.push_back({name, std::move(shape), initial});
  return buffers_.size() - 1;
}

std::unique_ptr<LayerLinearisation> Layer::linearise(const Tensor& input, ForwardPass& pass) const {
  return std::make_unique<AutomaticLinearisation>(*this, input, pass);
}

}  // namespace oubli
