#include "core/unlearn/wider_head.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

#include <algorithm>

#include "core/base/error.h"

namespace oubli {
namespace {

bool differ_in_rows_alone(const ParameterInfo& a, const ParameterInfo& b) {
  return a.name == b.name && a.shape.size() == b.shape.size() && !a.shape.empty() &&
         std::equal(a.shape.begin() + 1, a.shape.end(), b.shape.begin() + 1);
}

}  // namespace

void copy_common(const Model& from, Model& to) {
  const at::NoGradGuard no_grad;
  const auto& have = from.parameter_infos();
  const auto& want = to.parameter_infos();
  if (!std::equal(have.begin(), have.end(), want.begin(), want.end(), differ_in_rows_alone) ||
      from.buffers().size() != to.buffers().size()) {
    throw Error(ErrorKind::kUsage, "the networks differ in more than their outputs");
  }
  Tensor theta = to.theta().clone();
  const Tensors source = from.split(from.theta()), target = to.split(theta);
  for (std::size_t i = 0; i < source.size(); ++i) {
    const std::int64_t rows = std::min(source[i].size(0), target[i].size(0));
    target[i].narrow(0, 0, rows).copy_(source[i].narrow(0, 0, rows));
  }
  to.set_theta(theta);
  for (std::size_t i = 0; i < from.buffers().size(); ++i) to.buffers()[i].copy_(from.buffers()[i]);
}

}  // namespace oubli
