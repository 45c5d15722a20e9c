#include "core/nn/parameter_groups.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>

#include "core/base/error.h"

namespace oubli {

Tensor parameters_where(const Model& model,
                        const std::function<bool(const ParameterInfo&)>& belongs) {
  Tensor group = at::zeros({model.dim()}, at::kBool);
  for (const ParameterInfo& info : model.parameter_infos()) {
    if (belongs(info)) group.narrow(0, info.offset, info.size).fill_(true);
  }
  return group;
}

std::int64_t weight_layers(const Model& model) {
  const auto& infos = model.parameter_infos();
  return std::count_if(infos.begin(), infos.end(),
                       [](const ParameterInfo& info) { return info.is_weight(); });
}

Tensor last_layers(const Model& model, std::int64_t k) {
  const std::int64_t all = weight_layers(model);
  if (k < 0 || k > all) {
    throw Error(
        ErrorKind::kTask,
        fmt::format("the last {} layers with weights were asked for; there are {}", k, all));
  }
  std::int64_t skipped = all - k, from = k == 0 ? model.dim() : 0;
  for (const ParameterInfo& info : model.parameter_infos()) {
    if (!info.is_weight()) continue;
    if (skipped-- == 0) from = info.offset;
  }
  Tensor group = at::zeros({model.dim()}, at::kBool);
  group.narrow(0, k == all ? 0 : from, model.dim() - (k == all ? 0 : from)).fill_(true);
  return group;
}

}  // namespace oubli
