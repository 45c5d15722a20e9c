// How a training run or a curvature solve inside a method becomes the method's report.
#pragma once

#include <string>

#include "core/solve/solution.h"
#include "core/train/trainer.h"
#include "core/unlearn/report.h"

namespace oubli {

UnlearnReport report_of(const TrainingReport& training);

// Stopped and NonFinite end the method (Stopped, Diverged); any other end but Converged makes the
// result Partial. `where` stands in front of the message, as "step 2". Returns whether to go on.
bool note_solve(const SolveReport& solve, const std::string& where, UnlearnReport& report);

}  // namespace oubli
