// The forget set beside a drawn share of what remains: what methods with teachers pass over.
#pragma once

#include "core/base/context.h"
#include "core/base/settings.h"
#include "core/unlearn/task.h"

namespace oubli {

struct RetainShare {
  double share = 0.3;
  static RetainShare read(const Settings& settings);  // retain_share

  // Drawn from the context's stream "share", the count rounded down.
  Subset with_forget_set(const Task& task, const Context& context) const;
};

// Which examples of a batch are of the forget set: bool [b, 1].
Tensor is_forgotten(const Batch& batch, const Task& task);

}  // namespace oubli
