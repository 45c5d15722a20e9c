#include "core/curvature/gradient_products.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "core/base/error.h"

namespace oubli {

Tensor gradient_products(const Model& model, const Subset& subset, const Objective& objective,
                         const Tensor& v, CostMeter& cost, std::int64_t batch_size) {
  // Directions as rows: each is then cut into contiguous views.
  const Tensor rows = (v.dim() == 1 ? v.unsqueeze(0) : v.t()).to(model.dtype()).contiguous();
  const std::int64_t k = rows.size(0);
  Tensors parts;
  for (std::int64_t begin = 0; begin < subset.size(); begin += batch_size) {
    const Batch batch = subset.batch(begin, batch_size, model.dtype());
    const auto net = model.linearise(batch.inputs);
    const at::NoGradGuard no_grad;
    const Tensor g = objective.output_gradients(net->output(), batch.targets);
    Tensors columns;
    for (std::int64_t j = 0; j < k; ++j) {
      const Tensor moved = net->tangent({}, model.split(rows[j]), /*keep=*/false);
      columns.push_back((g * moved).sum(1).to(at::kDouble));
    }
    parts.push_back(v.dim() == 1 ? columns.front() : at::stack(columns, 1));
    cost.add_products(static_cast<double>(1 + 2 * k), batch.size());
  }
  if (parts.empty())
    return at::zeros(v.dim() == 1 ? at::IntArrayRef{0} : at::IntArrayRef{0, k}, at::kDouble);
  Tensor products = at::cat(parts);
  if (!at::isfinite(products).all().item<bool>()) {
    throw Error(ErrorKind::kNumerics,
                "an example's gradient is not finite: the model's loss or parameters overflow");
  }
  return products;
}

}  // namespace oubli
