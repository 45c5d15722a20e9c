#include "core/evaluate/attacks/comparison.h"

#include <ATen/ATen.h>

namespace oubli {
namespace {

Tensor numbers(const Tensor& scores) { return scores.index({scores.isnan().logical_not()}); }

}  // namespace

Tensor rows_of_same_classes(const Dataset& dataset, const Tensor& outside, const Tensor& rows) {
  if (!dataset.is_classification()) return outside;
  const Tensor classes = dataset.targets.index_select(0, rows);
  return outside.index({at::isin(dataset.targets.index_select(0, outside), classes)});
}

Tensor draw_rows(const Tensor& rows, std::int64_t count, Generator generator) {
  if (rows.numel() <= count) return rows;
  return rows.index_select(0, generator.permutation(rows.numel()).narrow(0, 0, count));
}

Tensor Candidates::edited_scores(const Tensor& scores) const {
  return numbers(scores.slice(0, 0, edited));
}

Tensor Candidates::outside_scores(const Tensor& scores) const {
  return numbers(scores.slice(0, edited));
}

std::optional<Candidates> shadow_candidates(const Evaluation& evaluation) {
  const NamedRows* edited = evaluation.edited();
  const Tensor* outside = evaluation.rows("held_out");
  if (outside == nullptr) outside = evaluation.rows("test");
  if (!evaluation.is_classification() || edited == nullptr || outside == nullptr) return {};
  return Candidates{at::cat({edited->rows, *outside}), edited->rows.numel()};
}

}  // namespace oubli
