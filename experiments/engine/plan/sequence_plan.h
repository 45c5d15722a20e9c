// The plan of a sequence of edits is the plans of its checkpoints, joined: what several need, such
// as originals and the requests before the first checkpoint, stands there once.
#pragma once

#include "experiments/engine/plan/plan.h"

namespace oubli {

// Throws Error(kSettings) for what cannot be done with a sequence: metrics whose attacker runs the
// method himself, and sweeps.
void require_plannable_sequence(const Experiment& experiment, const Registry<Metric>& metrics);

// Adds the plan of a checkpoint behind those before it.
void join_plan(Plan& whole, Plan part, std::size_t checkpoint);

}  // namespace oubli
