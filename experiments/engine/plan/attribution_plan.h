// Makes the plan of an experiment that asks which training examples count (attribution.h).
#pragma once

#include "experiments/engine/plan/plan.h"

namespace oubli {

// A row for each attributor, whose models are the effects on each original, and one for the ceiling
// where subsets are trained on more than once.
Plan attribution_plan(const Experiment& experiment, const Registry<Metric>& metrics);

}  // namespace oubli
