#include "core/data/dataset.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "core/base/error.h"
#include "core/base/hash.h"

namespace oubli {
namespace {

[[noreturn]] void fail(const std::string& where, const std::string& message) {
  throw Error(ErrorKind::kData, fmt::format("{}: {}", where, message));
}

void check_finite(const Tensor& values, const std::string& where, const std::string& what) {
  if (!at::isFloatingType(values.scalar_type())) return;
  const Tensor bad = at::isfinite(values).logical_not().flatten().nonzero();
  if (bad.numel() == 0) return;
  const std::int64_t per_row = values.numel() / values.size(0);
  fail(where, fmt::format("{} of example {} is not a finite number ({} such values in all).", what,
                          bad[0].item<std::int64_t>() / per_row, bad.size(0)));
}

Tensor normalise(const Dataset& dataset, Tensor raw, at::ScalarType dtype) {
  Tensor inputs = raw.to(dtype);
  if (inputs.is_same(raw)) inputs = raw.clone();
  const bool one = dataset.mean.size() == 1;
  std::vector<std::int64_t> shape(static_cast<std::size_t>(inputs.dim()), 1);
  if (!one) shape[1] = static_cast<std::int64_t>(dataset.mean.size());
  if (one) {
    const double factor = dataset.scale / dataset.deviation[0];
    const double shift = dataset.mean[0] / dataset.deviation[0];
    if (factor != 1.0) inputs.mul_(factor);
    if (shift != 0.0) inputs.sub_(shift);
    return inputs;
  }
  const auto options = at::TensorOptions().dtype(at::kDouble);
  const Tensor mean = at::tensor(dataset.mean, options).view(shape);
  const Tensor deviation = at::tensor(dataset.deviation, options).view(shape);
  return inputs.mul_((dataset.scale / deviation).to(dtype)).sub_((mean / deviation).to(dtype));
}

}  // namespace

std::vector<std::int64_t> Dataset::input_shape() const {
  return inputs.sizes().slice(1).vec();
}

void Dataset::validate(const std::string& where) const {
  if (size() == 0) fail(where, "the data set holds no examples.");
  if (targets.size(0) != size()) {
    fail(where, fmt::format("{} inputs but {} targets.", size(), targets.size(0)));
  }
  check_finite(inputs, where, "an input");
  check_finite(targets, where, "a target");
  for (const double value : deviation) {
    if (!(value > 0)) fail(where, fmt::format("a deviation of {} cannot normalise.", value));
  }
  if (!is_classification()) return;
  const Tensor wrong = (targets.lt(0) | targets.ge(outputs)).nonzero();
  if (wrong.numel() > 0) {
    const std::int64_t row = wrong[0].item<std::int64_t>();
    fail(where, fmt::format("example {} has label {}, expected 0 to {}.", row,
                            targets[row].item<std::int64_t>(), outputs - 1));
  }
}

std::string Dataset::content_hash() const {
  Hasher hasher;
  hasher.add(inputs);
  hasher.add(targets);
  hasher.add(true_targets.defined() ? true_targets : targets);
  hasher.add(fmt::format("/{}/{:a}", outputs, scale));
  for (const double value : mean) hasher.add(fmt::format("/{:a}", value));
  for (const double value : deviation) hasher.add(fmt::format("/{:a}", value));
  return hasher.hex();
}

double Subset::total_weight() const {
  return weights.defined() ? weights.sum().item<double>() : static_cast<double>(size());
}

Batch Subset::batch(std::int64_t begin, std::int64_t count, at::ScalarType dtype) const {
  const std::int64_t length = std::min(count, size() - begin);
  const Tensor chosen = rows.narrow(0, begin, length);
  Batch batch;
  batch.inputs = normalise(*dataset, dataset->inputs.index_select(0, chosen), dtype);
  batch.targets = dataset->targets.index_select(0, chosen);
  if (!dataset->is_classification()) batch.targets = batch.targets.to(dtype);
  if (weights.defined()) batch.weights = weights.narrow(0, begin, length).to(dtype);
  return batch;
}

Batch Subset::batch_at(const Tensor& positions, at::ScalarType dtype) const {
  Subset chosen{dataset, rows.index_select(0, positions), {}};
  if (weights.defined()) chosen.weights = weights.index_select(0, positions);
  return chosen.batch(0, chosen.size(), dtype);
}

Tensor rows_union(const Tensor& a, const Tensor& b) {
  return std::get<0>(at::_unique(at::cat({a, b}), /*sorted=*/true));
}

Tensor rows_difference(const Tensor& a, const Tensor& b) {
  const Tensor kept = a.index({at::isin(a, b).logical_not()});
  return std::get<0>(kept.sort());
}

}  // namespace oubli
