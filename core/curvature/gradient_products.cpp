#include "core/curvature/gradient_products.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "core/base/error.h"

namespace oubli {

Tensor gradient_products(const Model& model, const Subset& subset, const Objective& objective,
                         const Tensor& v, CostMeter& cost, std::int64_t batch_size) {
  const Tensors direction = model.split(v.to(model.dtype()));
  Tensors parts;
  for (std::int64_t begin = 0; begin < subset.size(); begin += batch_size) {
    const Batch batch = subset.batch(begin, batch_size, model.dtype());
    const auto net = model.linearise(batch.inputs);
    const at::NoGradGuard no_grad;
    const Tensor moved = net->tangent({}, direction, /*keep=*/false);
    const Tensor g = objective.output_gradients(net->output(), batch.targets);
    parts.push_back((g * moved).sum(1).to(at::kDouble));
    cost.add_gradients(batch.inputs.size(0));
  }
  if (parts.empty()) return at::zeros({0}, at::kDouble);
  Tensor products = at::cat(parts);
  if (!at::isfinite(products).all().item<bool>()) {
    throw Error(ErrorKind::kNumerics,
                "an example's gradient is not finite: the model's loss or parameters overflow");
  }
  return products;
}

}  // namespace oubli
