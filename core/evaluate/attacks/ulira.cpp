#include "core/evaluate/attacks/ulira.h"

#include <ATen/ATen.h>

#include "core/evaluate/attacks/samples.h"

namespace oubli {

Tensor AuditedRows::all() const { return at::cat({forget, unseen}); }

Tensor AuditedRows::half(std::uint64_t shadow) const {
  const Tensor rows = all();
  Generator generator = Generator(shadow).stream("what a shadow forgets");
  const Tensor chosen = generator.permutation(rows.numel()).narrow(0, 0, rows.numel() / 2);
  return std::get<0>(rows.index_select(0, chosen).sort());
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
