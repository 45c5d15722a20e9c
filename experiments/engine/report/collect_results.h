// From what the stages of a finished run left in the store to results.
#pragma once

#include "core/evaluate/metric.h"
#include "experiments/engine/plan/plan.h"
#include "experiments/engine/report/results.h"
#include "experiments/engine/run/scheduler.h"
#include "experiments/engine/run/store.h"

namespace oubli {

// Throws DamagedEntry where what was stored is not there any more as it was.
Results collect_results(const Experiment& experiment, const Plan& plan, const Store& store,
                        const RunOutcome& outcome, const Registry<Metric>& metrics);

}  // namespace oubli
