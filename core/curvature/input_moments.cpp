#include "core/curvature/input_moments.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <map>

#include "core/base/error.h"
#include "core/curvature/example_gradients.h"
#include "core/nn/second_moments.h"

namespace oubli {
namespace {

struct Sum {
  std::size_t number = 0;  // of the weight
  KroneckerRules::Shape shape;
  Tensor lower;
  bool is_shared = false;
};

// Adds a batch's moments to the sum of each leaf that multiplies.
void add_moments(LayerLinearisation& net, const Tensor& weights, const Tensor& reached,
                 std::vector<Sum>& sums) {
  std::size_t at = 0;
  std::map<std::size_t, std::size_t> uses;
  net.visit([&](ParameterLinearisation& leaf) {
    if (leaf.kronecker() == nullptr) return;
    if (at == sums.size()) {
      const KroneckerRules::Shape shape = leaf.kronecker()->kronecker_shape();
      sums.push_back({leaf.parameters()[0], shape,
                      at::zeros({shape.groups, shape.in, shape.in}, leaf.output().options())});
    }
    Sum& sum = sums[at++];
    ++uses[sum.number];
    const KroneckerRules& rules = *leaf.kronecker();
    rules.add_input_moments(weights_of_positions(weights, reached, rules), sum.lower);
  });
  for (Sum& sum : sums) sum.is_shared = uses[sum.number] > 1;
}

}  // namespace

Tensor InputMoment::take(const Tensor& flat) const {
  return flat.narrow(0, offset, groups * out * in).view({groups, out, in});
}

Tensor reached_positions(const Dataset& dataset, const Batch& batch) {
  if (!dataset.is_sequence()) return {};
  const Tensor asked = batch.targets.ge(0).to(batch.inputs.scalar_type());
  const Tensor reached = asked.flip(1).cumsum(1).flip(1).clamp_max(1);
  return reached.eq(1).all().item<bool>() ? Tensor() : reached;
}

Tensor weights_of_positions(const Tensor& weights, const Tensor& reached,
                            const KroneckerRules& rules) {
  if (!reached.defined() || rules.kronecker_shape().positions != reached.size(1)) return weights;
  return weights.defined() ? reached * weights.unsqueeze(1) : reached;
}

std::vector<InputMoment> input_moments(const Model& model, const Subset& subset, CostMeter& cost) {
  if (subset.empty()) throw Error(ErrorKind::kUsage, "input moments of an empty set");
  const at::NoGradGuard no_grad;
  const std::int64_t size = examples_at_a_time(model, subset, 0);
  std::vector<Sum> sums;
  Tensors totals;
  for (std::int64_t begin = 0; begin < subset.size(); begin += size) {
    const std::int64_t count = std::min(size, subset.size() - begin);
    const Batch batch = subset.batch(begin, count, model.dtype());
    add_moments(*model.linearise(batch.inputs), batch.weights,
                reached_positions(*subset.dataset, batch), sums);
    for (std::size_t i = 0; i < sums.size(); ++i) {
      if (totals.size() == i) totals.push_back(at::zeros_like(sums[i].lower, at::kDouble));
      totals[i].add_(sums[i].lower);
      sums[i].lower.zero_();
    }
    cost.add_products(2, count);
  }
  std::vector<InputMoment> moments;
  for (std::size_t i = 0; i < sums.size(); ++i) {
    if (sums[i].is_shared) continue;
    const ParameterInfo& info = model.parameter_infos()[sums[i].number];
    const auto& [groups, out, in, positions, bias] = sums[i].shape;
    const std::int64_t inputs = bias ? in - 1 : in;
    const Tensor whole = from_lower(totals[i]);
    moments.push_back({info.name, info.offset, groups, out, inputs,
                       whole.narrow(1, 0, inputs).narrow(2, 0, inputs)});
  }
  return moments;
}

}  // namespace oubli
