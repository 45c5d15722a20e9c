#include "core/curvature/gradient_products.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

#include "core/base/error.h"

namespace oubli {

Tensor gradient_products(const Model& model, const Subset& subset, const Objective& objective,
                         const Tensor& v, CostMeter& cost, std::int64_t batch_size) {
  using torch::autograd::grad;
  const std::vector<Tensor> direction = model.split(v.to(model.dtype()));
  std::vector<Tensor> parts;
  for (std::int64_t begin = 0; begin < subset.size(); begin += batch_size) {
    const Batch batch = subset.batch(begin, batch_size, model.dtype());
    const Tensor losses = objective.losses(model.forward(batch.inputs), batch.targets);
    const Tensor w = at::ones_like(losses).requires_grad_();
    const std::vector<Tensor> gradient =
        grad({losses}, model.parameters(), {w}, true, /*create_graph=*/true);
    parts.push_back(grad(gradient, {w}, direction)[0].to(at::kDouble));
    cost.add_curvature_products(batch.inputs.size(0));
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
