#include "core/unlearn/retain_share.h"

#include <ATen/ATen.h>

#include "core/data/drawing.h"

namespace oubli {

RetainShare RetainShare::read(const Settings& settings) {
  RetainShare share;
  share.share = settings.real("retain_share", {.default_value = share.share,
                                               .above = 0,
                                               .at_most = 1,
                                               .doc = "share of what remains that is drawn"});
  return share;
}

Subset RetainShare::with_forget_set(const Task& task, const Context& context) const {
  Generator draw = context.generator.stream("share");
  const auto count = static_cast<std::int64_t>(share * static_cast<double>(task.retain.size()));
  const Tensor drawn = drawn_rows(task.retain.rows, count, draw);
  return task.retain.with_rows(rows_union(task.forget.rows, drawn));
}

Tensor is_forgotten(const Batch& batch, const Task& task) {
  return at::isin(batch.rows, task.forget.rows).unsqueeze(1);
}

}  // namespace oubli
