// From rows to tasks: the sets of an edit, and of each request of a sequence.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/unlearn/task.h"
#include "experiments/engine/plan/edits.h"
#include "experiments/engine/plan/experiment.h"

namespace oubli {

// The sets of an edit from models trained on `train` to models trained on `retain`, both sorted;
// what trains and makes models is set elsewhere.
Task task_between(const Tensor& train, const Tensor& retain, const Splits& splits,
                  const std::shared_ptr<const Dataset>& dataset);

// Of all its rows, and of what was written for the edit, for keys; `unknown`: those that oracles
// lack and methods are not told of. Of an edit as a whole, or of one request.
std::string hash_of_edit(const Experiment& experiment, const Task& task, const Tensor& unknown);
std::string hash_of_request(const Experiment& experiment, const Task& task);

// What methods are not told of in the first `count` edits.
Tensor unknown_up_to(const std::vector<DrawnEdit>& edits, std::size_t count);

// The rows that are trained on before any request, and after each, as methods are told.
std::vector<Tensor> members_over_time(const std::vector<DrawnEdit>& edits, const Tensor& train);

}  // namespace oubli
