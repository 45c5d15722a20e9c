#include "core/curvature/gradient_matrix.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <string>

#include "core/base/error.h"
#include "core/base/machine_limits.h"
#include "core/curvature/example_gradients.h"

namespace oubli {
namespace {

using Leaves = std::vector<ParameterLinearisation*>;

Leaves leaves_of(LayerLinearisation& net) {
  Leaves leaves;
  net.visit([&](ParameterLinearisation& leaf) { leaves.push_back(&leaf); });
  return leaves;
}

// Leaves whose gradient is one product of an input and an output gradient, in parameters that
// nobody shares.
std::vector<bool> factored_leaves(const Leaves& leaves) {
  std::map<std::size_t, int> uses;
  for (const ParameterLinearisation* leaf : leaves) {
    for (const std::size_t number : leaf->parameters()) ++uses[number];
  }
  std::vector<bool> factored;
  for (const ParameterLinearisation* leaf : leaves) {
    const auto& numbers = leaf->parameters();
    const bool alone = std::all_of(numbers.begin(), numbers.end(),
                                   [&](std::size_t number) { return uses[number] == 1; });
    factored.push_back(alone && is_one_product(*leaf));
  }
  return factored;
}

}  // namespace

// Where each leaf's gradients go; leaves come in the same order in every batch.
struct GradientMatrix::Layout {
  std::map<std::size_t, std::size_t> factors_of;  // by leaf
  std::map<std::size_t, std::size_t> columns_of;  // by parameter, of the other leaves
};

GradientMatrix::Layout GradientMatrix::lay_out(const Leaves& leaves,
                                               const std::vector<ParameterInfo>& infos) {
  Layout layout;
  const std::vector<bool> is_factored = factored_leaves(leaves);
  std::vector<std::int64_t> widths;  // of what is kept
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    const auto& numbers = leaves[i]->parameters();
    if (is_factored[i]) {
      const KroneckerRules::Shape shape = leaves[i]->kronecker()->kronecker_shape();
      layout.factors_of.emplace(i, factors_.size());
      factors_.push_back({{}, {}, infos[numbers[0]].offset, 0, shape.bias});
      if (shape.bias) factors_.back().bias_offset = infos[numbers[1]].offset;
      widths.insert(widths.end(), {shape.in, shape.out});
      continue;
    }
    for (const std::size_t number : numbers) {
      if (!layout.columns_of.emplace(number, columns_.size()).second) continue;
      columns_.push_back({{}, infos[number].offset});
      widths.push_back(infos[number].size);
    }
  }
  const std::int64_t width = std::accumulate(widths.begin(), widths.end(), std::int64_t{0});
  const std::string shortage =
      memory_shortage(8.0 * static_cast<double>(rows_) * static_cast<double>(width),
                      fmt::format("the gradients of {} examples in {} parameters", rows_, dim_));
  if (!shortage.empty()) throw Error(ErrorKind::kUsage, shortage + " Take fewer examples.");
  for (const auto& [leaf, number] : layout.factors_of) {
    const KroneckerRules::Shape shape = leaves[leaf]->kronecker()->kronecker_shape();
    factors_[number].inputs = at::empty({rows_, shape.in}, at::kDouble);
    factors_[number].gradients = at::empty({rows_, shape.out}, at::kDouble);
  }
  for (const auto& [parameter, number] : layout.columns_of) {
    columns_[number].values = at::zeros({rows_, infos[parameter].size}, at::kDouble);
  }
  return layout;
}

void GradientMatrix::add_rows(const Leaves& leaves, const Layout& layout, std::int64_t begin,
                              std::int64_t count) {
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    const Tensor& g = leaves[i]->kept_gradients().front();
    if (const auto found = layout.factors_of.find(i); found != layout.factors_of.end()) {
      const KroneckerRules& rules = *leaves[i]->kronecker();
      const Factors& factors = factors_[found->second];
      factors.inputs.narrow(0, begin, count)
          .copy_(rules.kronecker_inputs(0, count).reshape({count, -1}));
      factors.gradients.narrow(0, begin, count)
          .copy_(rules.kronecker_gradients(g, 0, count).reshape({count, -1}));
      continue;
    }
    const Tensors each = leaves[i]->example_gradients(g, 0, count);
    for (std::size_t p = 0; p < each.size(); ++p) {
      const Columns& columns = columns_[layout.columns_of.at(leaves[i]->parameters()[p])];
      columns.values.narrow(0, begin, count).add_(each[p].reshape({count, -1}));
    }
  }
}

GradientMatrix::GradientMatrix(const Model& model, const Subset& subset, const Objective& objective,
                               CostMeter& cost)
    : rows_(subset.size()), dim_(model.dim()) {
  const at::NoGradGuard no_grad;
  if (rows_ == 0) return;
  Layout layout;
  const std::int64_t batch_size = examples_at_a_time(model, subset, 1);
  for (std::int64_t begin = 0; begin < rows_; begin += batch_size) {
    const Batch batch = subset.batch(begin, batch_size, model.dtype());
    const auto net = model.linearise(batch.inputs);
    net->adjoint(objective.output_gradients(net->output(), batch.targets),
                 {.sums = nullptr, .input = false, .keep = true});
    const Leaves leaves = leaves_of(*net);
    if (begin == 0) layout = lay_out(leaves, model.parameter_infos());
    add_rows(leaves, layout, begin, batch.size());
    cost.add_gradients(batch.size());
  }
}

Tensor GradientMatrix::products(const GradientMatrix& other) const {
  Tensor sum = at::zeros({rows_, other.rows_}, at::kDouble);
  if (rows_ == 0 || other.rows_ == 0) return sum;
  for (std::size_t i = 0; i < factors_.size(); ++i) {
    const Factors &a = factors_[i], &b = other.factors_[i];
    sum.add_(at::mm(a.inputs, b.inputs.t()).mul_(at::mm(a.gradients, b.gradients.t())));
  }
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    sum.addmm_(columns_[i].values, other.columns_[i].values.t());
  }
  return sum;
}

Tensor GradientMatrix::squared_norms() const {
  Tensor sum = at::zeros({rows_}, at::kDouble);
  for (const Factors& each : factors_) {
    sum.add_(each.inputs.square().sum(1) * each.gradients.square().sum(1));
  }
  for (const Columns& each : columns_) sum.add_(each.values.square().sum(1));
  return sum;
}

Tensor GradientMatrix::Factors::columns_of(const Tensor& v) const {
  const std::int64_t out = gradients.size(1), in = inputs.size(1) - (has_bias ? 1 : 0);
  const Tensor weight = v.narrow(0, weight_offset, out * in).view({out, in});
  if (!has_bias) return weight;
  return at::cat({weight, v.narrow(0, bias_offset, out).unsqueeze(1)}, 1);
}

Tensor GradientMatrix::times(const Tensor& v) const {
  Tensor sum = at::zeros({rows_}, at::kDouble);
  for (const Factors& each : factors_) {
    sum.add_((at::mm(each.inputs, each.columns_of(v).t()) * each.gradients).sum(1));
  }
  for (const Columns& each : columns_) {
    sum.add_(at::mv(each.values, v.narrow(0, each.offset, each.values.size(1))));
  }
  return sum;
}

Tensor GradientMatrix::transposed_times(const Tensor& w) const {
  Tensor sum = at::zeros({dim_}, at::kDouble);
  for (const Factors& each : factors_) {
    const Tensor layer = at::mm((each.gradients * w.unsqueeze(1)).t(), each.inputs);
    const std::int64_t out = layer.size(0), in = layer.size(1) - (each.has_bias ? 1 : 0);
    sum.narrow(0, each.weight_offset, out * in).copy_(layer.narrow(1, 0, in).reshape({-1}));
    if (each.has_bias) sum.narrow(0, each.bias_offset, out).copy_(layer.select(1, in));
  }
  for (const Columns& each : columns_) {
    sum.narrow(0, each.offset, each.values.size(1)).copy_(at::mv(each.values.t(), w));
  }
  return sum;
}

}  // namespace oubli
