// What steps with an empirical Fisher matrix are made of: the WoodFisher methods share it.
#pragma once

#include "core/base/context.h"
#include "core/unlearn/task.h"

namespace oubli {

// (m/n) (mean over D_u of grad l - mean over D_r of grad l), n = n_r + m, without l2: float64
// [dim]. Cost: n.
Tensor forget_against_retain(const Model& model, const Task& task, CostMeter& cost);

// `count` examples of what remains, or all where there are no more, drawn from the stream "fisher".
Subset fisher_examples(const Task& task, std::int64_t count, Context& context);

}  // namespace oubli
