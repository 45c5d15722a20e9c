#include "core/evaluate/attacks/ulira.h"

#include <ATen/ATen.h>

#include "core/evaluate/attacks/samples.h"

namespace oubli {

Tensor AuditedRows::all() const { return at::cat({forget, unseen}); }

Tensor AuditedRows::half(std::int64_t shadow) const {
  return half_of(all(), shadow, "what a shadow forgets");
}

std::optional<AuditedRows> audited_rows(const Evaluation& evaluation) {
  const Tensor* forget = evaluation.rows("forget");
  if (!evaluation.is_classification() || forget == nullptr) return std::nullopt;
  const Tensor unseen = evaluation.unseen_rows_like(*forget);
  if (!unseen.defined()) return std::nullopt;
  const std::int64_t count = std::min(forget->numel(), unseen.numel());
  return AuditedRows{evenly_spaced(*forget, count), evenly_spaced(unseen, count)};
}

}  // namespace oubli
