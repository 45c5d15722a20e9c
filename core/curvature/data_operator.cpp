#include "core/curvature/data_operator.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

#include <algorithm>

#include "core/base/error.h"

namespace oubli {

bool DataOperator::Kept::take(std::int64_t number, std::int64_t size, std::int64_t limit) {
  if (is_full || number != batches) return false;
  is_full = bytes + size > limit;
  if (is_full) return false;
  bytes += size;
  ++batches;
  return true;
}

DataOperator::DataOperator(const Model& model, const Subset& subset, const Objective& objective,
                           CostMeter& cost, const DataOperatorOptions& options, double identity)
    : model_(model.clone()),
      subset_(subset),
      objective_(objective),
      cost_(cost),
      batch_size_(options.batch_size),
      memory_(options.memory),
      cache_(std::min(options.memory, options.cache)),
      identity_(identity) {
  if (subset.empty()) {
    throw Error(ErrorKind::kUsage, "the curvature of an empty set is not defined");
  }
}

DataOperator::~DataOperator() = default;

std::int64_t DataOperator::batches() const {
  return (subset_.size() + batch_size_ - 1) / batch_size_;
}

bool DataOperator::has_negative_weights() const {
  return subset_.weights.defined() && subset_.weights.lt(0).any().item<bool>();
}

double DataOperator::column_cost() const {
  return column_products() * static_cast<double>(subset_.size()) / 3.0;
}

std::vector<std::string> DataOperator::parameters_without_rules() const {
  const Batch batch = subset_.batch(0, 1, model_.dtype());
  std::vector<std::string> names;
  model_.linearise(batch.inputs)->visit([&](ParameterLinearisation& leaf) {
    if (leaf.has_rule()) return;
    for (const std::size_t number : leaf.parameters()) {
      names.push_back(model_.parameter_infos()[number].name);
    }
  });
  return names;
}

// A pass that draws numbers or keeps a state would give another matrix for every product.
void DataOperator::require_repeatable(const Piece& piece, const Batch& batch) const {
  const Tensor again = model_.forward(batch.inputs).detach();
  const double moved = (again - piece.outputs).abs().max().item<double>();
  if (moved > 1e-4 * piece.outputs.abs().max().item<double>()) {
    throw Error(ErrorKind::kNumerics,
                fmt::format("the model's outputs differ by {:.2g} between two passes over the same "
                            "examples: a layer draws random numbers or keeps a state in evaluation "
                            "mode. Curvature products need a pass that repeats itself.",
                            moved));
  }
}

DataOperator::Piece DataOperator::linearise(std::int64_t begin) const {
  const Batch batch = subset_.batch(begin, batch_size_, model_.dtype());
  Piece piece;
  piece.net = model_.linearise(batch.inputs);
  piece.outputs = piece.net->output();
  piece.targets = batch.targets;
  if (batch.weights.defined()) piece.weights = batch.weights;
  const at::NoGradGuard no_grad;
  if (!at::isfinite(objective_.losses(piece.outputs, piece.targets)).all().item<bool>()) {
    throw Error(ErrorKind::kNumerics,
                "the loss of an example is not finite: the model's outputs or parameters overflow, "
                "and there is no curvature. Look at how the model was trained.");
  }
  if (!repeats_) require_repeatable(piece, batch);
  repeats_ = true;
  prepare(piece, begin);
  return piece;
}

Tensor DataOperator::apply(const Tensor& v) const {
  const std::int64_t columns = v.size(1);
  const Tensor directions = v.t().contiguous().to(model_.dtype());  // [k, dim]
  Tensor total = at::zeros({columns, dim()}, at::kDouble);
  Tensor sum = at::empty({dim()}, model_.theta().options());
  for (std::int64_t i = 0; i < batches(); ++i) {
    const bool is_kept = i < kept_.batches;
    Piece fresh;
    if (!is_kept) fresh = linearise(i * batch_size_);
    Piece& piece = is_kept ? pieces_[static_cast<std::size_t>(i)] : fresh;
    const at::NoGradGuard no_grad;
    for (std::int64_t k = 0; k < columns; ++k) {
      sum.zero_();
      Tensors sums = model_.split(sum);
      add_product(piece, model_.split(directions[k]), sums);
      total[k].add_(sum);
    }
    const std::int64_t examples = piece.outputs.size(0);
    cost_.add_products(column_products() * static_cast<double>(columns), examples);
    if (i >= counted_.batches) cost_.add_products(1 + prepare_products(), examples);
    if (is_kept) continue;
    const std::int64_t bytes = fresh.net->kept_bytes(model_.parameters());
    counted_.take(i, bytes, memory_);
    if (kept_.take(i, bytes, cache_)) pieces_.push_back(std::move(fresh));
  }
  Tensor result = total.t().div(subset_.total_weight());
  if (identity_ != 0) result.add_(v, identity_);
  if (!at::isfinite(result).all().item<bool>()) {
    throw Error(
        ErrorKind::kNumerics,
        "a curvature product is not finite: the vector or the model's derivatives overflow");
  }
  return result;
}

}  // namespace oubli
