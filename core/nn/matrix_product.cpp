#include "core/nn/matrix_product.h"

#include <ATen/ATen.h>
#include <ATen/core/List.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/grad_mode.h>

#include <optional>

namespace oubli {
namespace {

using LinearPointwise = Tensor(const Tensor&, const Tensor&, const std::optional<Tensor>&,
                               c10::string_view, c10::List<std::optional<at::Scalar>>,
                               std::optional<c10::string_view>);

// oneDNN's product, as LibTorch's compiler calls it; none where it was built without.
const std::optional<c10::TypedOperatorHandle<LinearPointwise>>& onednn_product() {
  static const auto found = []() -> std::optional<c10::TypedOperatorHandle<LinearPointwise>> {
    const auto schema = c10::Dispatcher::singleton().findSchema({"mkldnn::_linear_pointwise", ""});
    if (!schema || !schema->hasKernelForDispatchKey(c10::DispatchKey::CPU)) return std::nullopt;
    return schema->typed<LinearPointwise>();
  }();
  return found;
}

}  // namespace

Tensor times_transposed(const Tensor& a, const Tensor& b, const Tensor& bias) {
  const bool is_float = a.scalar_type() == at::kFloat && a.device().is_cpu();
  if (!is_float || a.numel() == 0 || b.numel() == 0 || !onednn_product()) {
    return bias.defined() ? at::addmm(bias, a, b.t()) : a.mm(b.t());
  }
  const at::NoGradGuard no_grad;
  return onednn_product()->call(a, b, bias.defined() ? std::optional(bias) : std::nullopt, "none",
                                c10::List<std::optional<at::Scalar>>(), "");
}

}  // namespace oubli
