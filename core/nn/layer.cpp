#include "core/nn/layer.h"

#include <fmt/format.h>

#include "core/base/error.h"

namespace oubli {

std::size_t ParameterTable::add(const std::string& name, std::vector<std::int64_t> shape,
                                Initialisation initialisation, std::int64_t fan) {
  for (const ParameterInfo& other : parameters_) {
    if (other.name == name) {
      throw Error(ErrorKind::kUsage, fmt::format("two parameters are named '{}'", name));
    }
  }
  ParameterInfo info{name, std::move(shape), size_, 1, initialisation, fan};
  for (const std::int64_t extent : info.shape) info.size *= extent;
  size_ += info.size;
  parameters_.push_back(std::move(info));
  return parameters_.size() - 1;
}

std::size_t ParameterTable::add_buffer(const std::string& name, std::vector<std::int64_t> shape,
                                       double initial) {
  buffers_.push_back({name, std::move(shape), initial});
  return buffers_.size() - 1;
}

void Layer::add_squared_gradients(const Tensor&, const Tensor&, const Pass&,
                                  std::vector<Tensor>&) const {}

}  // namespace oubli
