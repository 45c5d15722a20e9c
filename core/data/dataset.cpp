#include "core/data/dataset.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

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

void check_targets(const Dataset& dataset, const Tensor& targets, const std::string& where) {
  const bool classes = targets.scalar_type() == at::kLong && targets.dim() == 1;
  const bool values = at::isFloatingType(targets.scalar_type()) && targets.dim() == 2 &&
                      targets.size(1) == dataset.outputs;
  if (classes || values) return;
  fail(where,
       fmt::format("targets must be int64 [n] or floating [n, {}], found {} [{}].", dataset.outputs,
                   at::toString(targets.scalar_type()), fmt::join(targets.sizes(), ", ")));
}

void check_sequences(const Dataset& dataset, const std::string& where) {
  const Sequences& found = dataset.sequences;
  const std::int64_t n = dataset.size();
  if (dataset.inputs.dim() != 2 || at::isFloatingType(dataset.inputs.scalar_type())) {
    fail(where, "sequences are whole numbers of tokens, [n, positions].");
  }
  if (found.next.sizes() != dataset.inputs.sizes() || found.answer_begin.numel() != n ||
      found.answer_size.numel() != n || found.subject_end.numel() != n || found.fact.numel() != n) {
    fail(where, "what comes next, and where answers stand, must be said of every position.");
  }
  const Tensor wrong = found.next.lt(kNoTarget) | found.next.ge(dataset.outputs);
  if (wrong.any().item<bool>()) fail(where, "a token that comes next is none of the vocabulary.");
  const Tensor end = found.answer_begin + found.answer_size;
  const bool inside = found.answer_begin.ge(0).all().item<bool>() &&
                      found.answer_size.ge(1).all().item<bool>() &&
                      end.le(found.positions()).all().item<bool>();
  if (!inside) fail(where, "an answer lies outside of its sequence.");
  const Tensor first = found.next.gather(1, found.answer_begin.unsqueeze(1)).squeeze(1);
  if (!first.equal(dataset.targets)) fail(where, "a target is not the first token of its answer.");
}

void check_channels(const Dataset& dataset, std::size_t count, const std::string& where,
                    const std::string& what) {
  const auto channels = static_cast<std::size_t>(dataset.inputs.size(1));
  if (count == 1 || count == channels) return;
  fail(where, fmt::format("{} {} for {} channels or features.", count, what, channels));
}

Tensor per_channel(const std::vector<double>& values, const Tensor& inputs) {
  std::vector<std::int64_t> shape(static_cast<std::size_t>(inputs.dim()), 1);
  shape[1] = -1;
  return at::tensor(values, at::kDouble).view(shape);
}

// Pixels are whole numbers below 256: the batch's own type holds them, and their differences from
// any mean, well enough.
Tensor normalise_pixels(const Dataset& dataset, const Tensor& raw, at::ScalarType dtype) {
  Tensor inputs = raw.to(dtype);
  if (dataset.mean.size() == 1 && dataset.deviation.size() == 1) {
    const double factor = dataset.scale / dataset.deviation[0];
    const double shift = dataset.mean[0] / dataset.deviation[0];
    if (factor != 1.0) inputs.mul_(factor);
    if (shift != 0.0) inputs.sub_(shift);
    return inputs;
  }
  const Tensor mean = per_channel(dataset.mean, inputs);
  const Tensor deviation = per_channel(dataset.deviation, inputs);
  return inputs.mul_((dataset.scale / deviation).to(dtype)).sub_((mean / deviation).to(dtype));
}

// Measured numbers may lie far from 0 and close to each other, as time stamps do: the mean is
// subtracted in float64, whatever type the batch is then given.
Tensor normalise(const Dataset& dataset, const Tensor& raw, at::ScalarType dtype) {
  if (!at::isFloatingType(raw.scalar_type())) return normalise_pixels(dataset, raw, dtype);
  const auto all = [](const std::vector<double>& values, double value) {
    return std::all_of(values.begin(), values.end(), [&](double v) { return v == value; });
  };
  if (dataset.scale == 1 && all(dataset.mean, 0) && all(dataset.deviation, 1)) {
    return raw.to(dtype, /*non_blocking=*/false, /*copy=*/true);
  }
  Tensor inputs = raw.to(at::kDouble, /*non_blocking=*/false, /*copy=*/true);
  inputs.mul_(dataset.scale).sub_(per_channel(dataset.mean, inputs));
  return inputs.div_(per_channel(dataset.deviation, inputs)).to(dtype);
}

// The answers of these rows become the data set's targets, where they are asked and where they are
// read.
void change_answers(Dataset& dataset, const Tensor& rows) {
  Sequences& sequences = dataset.sequences;
  const Tensor begin = sequences.answer_begin.index_select(0, rows);
  if (sequences.answer_size.index_select(0, rows).gt(1).any().item<bool>()) {
    throw Error(ErrorKind::kUsage,
                "other labels are for answers of one token, and some of these have more");
  }
  const Tensor answers = dataset.targets.index_select(0, rows);
  sequences.next = sequences.next.index_put({rows, begin}, answers);
  const Tensor read = begin.lt(sequences.positions() - 1);
  dataset.inputs = dataset.inputs.index_put({rows.index({read}), begin.index({read}) + 1},
                                            answers.index({read}).to(dataset.inputs.scalar_type()));
}

}  // namespace

std::vector<std::int64_t> Dataset::input_shape() const { return inputs.sizes().slice(1).vec(); }

void Dataset::validate(const std::string& where) const {
  if (size() == 0 || inputs.numel() == 0) fail(where, "the data set holds no examples.");
  if (inputs.dim() < 2) fail(where, "inputs must have a dimension for features.");
  const std::int64_t found = targets.defined() && targets.dim() > 0 ? targets.size(0) : 0;
  if (found != size()) fail(where, fmt::format("{} inputs but {} targets.", size(), found));
  check_targets(*this, targets, where);
  if (true_targets.defined() && (true_targets.sizes() != targets.sizes() ||
                                 true_targets.scalar_type() != targets.scalar_type())) {
    fail(where, "the targets before corruption do not look like the targets.");
  }
  check_finite(inputs, where, "an input");
  check_finite(targets, where, "a target");
  check_channels(*this, mean.size(), where, "means");
  check_channels(*this, deviation.size(), where, "deviations");
  for (const double value : mean) {
    if (!std::isfinite(value)) fail(where, fmt::format("a mean of {} cannot normalise.", value));
  }
  for (const double value : deviation) {
    if (!(value > 0 && std::isfinite(value))) {
      fail(where, fmt::format("a deviation of {} cannot normalise.", value));
    }
  }
  if (!is_classification()) return;
  const Tensor wrong = (targets.lt(0) | targets.ge(outputs)).nonzero();
  if (wrong.numel() > 0) {
    const std::int64_t row = wrong[0].item<std::int64_t>();
    fail(where, fmt::format("example {} has label {}, expected 0 to {}.", row,
                            targets[row].item<std::int64_t>(), outputs - 1));
  }
  if (is_sequence()) check_sequences(*this, where);
}

Tensor Sequences::answers(const Tensor& rows) const {
  const Tensor begin = answer_begin.index_select(0, rows).unsqueeze(1);
  const Tensor end = begin + answer_size.index_select(0, rows).unsqueeze(1);
  const Tensor at = at::arange(positions()).unsqueeze(0);
  return at.ge(begin) & at.lt(end);
}

Tensor Sequences::answer(std::int64_t row) const {
  return next[row].narrow(0, answer_begin[row].item<std::int64_t>(),
                          answer_size[row].item<std::int64_t>());
}

void Sequences::append_copies(const Tensor& rows) {
  for (Tensor* part : {&next, &answer_begin, &answer_size, &subject_end, &fact}) {
    *part = at::cat({*part, part->index_select(0, rows)});
  }
}

Tensor Dataset::at_answers(const Tensor& values, const Tensor& rows) const {
  if (!is_sequence()) return values;
  return at_positions(values, sequences.answer_begin.index_select(0, rows));
}

Tensor Dataset::prompt(std::int64_t row) const {
  return inputs[row].narrow(0, 0, sequences.answer_begin[row].item<std::int64_t>() + 1);
}

std::string Dataset::content_hash(std::int64_t rows) const {
  Hasher hasher;
  const auto add = [&](const Tensor& values) { hasher.add(values.narrow(0, 0, rows)); };
  add(inputs);
  add(targets);
  add(true_targets.defined() ? true_targets : targets);
  if (is_sequence()) {
    for (const Tensor* part : {&sequences.next, &sequences.answer_begin, &sequences.answer_size,
                               &sequences.subject_end, &sequences.fact}) {
      add(*part);
    }
  }
  if (first_seen.defined()) add(first_seen);
  hasher.add(fmt::format("/{}/{:a}", outputs, scale));
  for (const double value : mean) hasher.add(fmt::format("/{:a}", value));
  for (const double value : deviation) hasher.add(fmt::format("/{:a}", value));
  return hasher.hex();
}

Batch Batch::narrow(std::int64_t begin, std::int64_t count) const {
  return {inputs.narrow(0, begin, count), targets.narrow(0, begin, count),
          weights.defined() ? weights.narrow(0, begin, count) : Tensor(),
          rows.defined() ? rows.narrow(0, begin, count) : Tensor()};
}

double Subset::total_weight() const {
  return weights.defined() ? weights.sum().item<double>() : static_cast<double>(size());
}

Subset Subset::with_targets(const Tensor& targets) const {
  Dataset changed = *dataset;
  changed.targets =
      dataset->targets.index_copy(0, rows, targets.to(dataset->targets.scalar_type()));
  if (!changed.true_targets.defined()) changed.true_targets = dataset->targets;
  if (dataset->is_sequence()) change_answers(changed, rows);
  return {std::make_shared<const Dataset>(std::move(changed)), rows, weights};
}

Subset Subset::without(const Subset& others) const {
  if (others.empty()) return *this;
  const Tensor is_kept = at::isin(rows, others.rows).logical_not();
  return {dataset, rows.index({is_kept}), weights.defined() ? weights.index({is_kept}) : Tensor()};
}

Subset Subset::with_unit_mean_weights() const {
  return {dataset, rows, weights.defined() ? weights / weights.mean() : Tensor()};
}

Batch Subset::batch(std::int64_t begin, std::int64_t count, at::ScalarType dtype) const {
  const std::int64_t length = std::min(count, size() - begin);
  const Tensor chosen = rows.narrow(0, begin, length);
  Batch batch;
  batch.inputs = normalise(*dataset, dataset->inputs.index_select(0, chosen), dtype);
  const Tensor& asked = dataset->is_sequence() ? dataset->sequences.next : dataset->targets;
  batch.targets = asked.index_select(0, chosen);
  if (!dataset->is_classification()) batch.targets = batch.targets.to(dtype);
  if (weights.defined()) batch.weights = weights.narrow(0, begin, length).to(dtype);
  batch.rows = chosen;
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
