// A sequence of edits as several experiments: one for each checkpoint.
#pragma once

#include <vector>

#include "experiments/engine/plan/experiment.h"

namespace oubli {

// Fills in the requests and the checkpoints of an experiment that is complete but for them; its own
// task becomes that of the last checkpoint. `members`: as members_over_time gives them. Error
// (kSettings) for a checkpoint behind the last request.
void add_checkpoints(Experiment& experiment, const std::vector<DrawnEdit>& edits,
                     const std::vector<Tensor>& members, const Splits& splits);

}  // namespace oubli
