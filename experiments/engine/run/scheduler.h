// Runs the stages of a plan that the store does not have, on a pool of worker processes.
#pragma once

#include <cstddef>
#include <map>
#include <string>

#include "experiments/engine/plan/plan.h"
#include "experiments/engine/run/run_listener.h"
#include "experiments/engine/run/run_request.h"
#include "experiments/engine/run/store.h"

namespace oubli {

struct RunOutcome {
  // Stage number to reason. Stages that could not start because of a failed input are among them,
  // with that input's reason.
  std::map<std::size_t, std::string> failed;
  bool interrupted = false;
  std::string stopped;  // why nothing more could be done: the store cannot be written
  std::size_t cached = 0;
};

// Until nothing is missing: an input that turns out to be damaged is done again, and then what was
// made from it. An interrupt (SIGINT, SIGTERM) ends the workers, loses what was in flight and
// returns; so does a store that cannot be written. Results do not depend on `jobs`.
RunOutcome run_plan(const Plan& plan, const Store& store, const RunRequest& request,
                    std::size_t jobs, RunListener& listener);

}  // namespace oubli
