// What the models of a plan are trained on and made to forget.
#pragma once

#include <cstdint>

#include "experiments/engine/plan/plan.h"

namespace oubli {

// What a trained model of this kind is trained on: D; the retain set (without what no method is
// told of), for a twin as for an oracle; a shadow's random half of the population, which is D and
// the added examples with the held-out ones beside them, or else the test set; a random subset of D
// (attribution.h); or, for an audit, what remains of D with a random half of the audited examples.
// Halves of shadows, and of audits, come in complementary pairs (half_of in attacks/samples.h).
Subset training_set(const Experiment& experiment, StageKind kind, std::int64_t seed);

// The audited examples that an audit trains on and then forgets.
Tensor audit_rows(const Experiment& experiment, std::int64_t audit);

// What an unlearn stage edits: the experiment's task, or an audit's own.
Task task_of(const Experiment& experiment, const Stage& stage);

}  // namespace oubli
