// Runs an experiment, from its plan to results. Nothing is printed, and nothing is written but
// stages into the store.
//
//   const Experiment experiment = load_experiment("experiment.yaml", {}, "", registries);
//   const Plan plan = load_plan(experiment, registries);
//   const Store store(default_store(""));
//   const Results results = run_experiment(experiment, plan, store, registries);
//
// Stages are done by workers, which are this same program started again with the one argument
// `worker`: its main must hand that to command_line().
#pragma once

#include <cstddef>
#include <string>

#include "core/base/error.h"
#include "experiments/engine/plan/plan.h"
#include "experiments/engine/registries.h"
#include "experiments/engine/report/results.h"
#include "experiments/engine/run/run_listener.h"
#include "experiments/engine/run/store.h"

namespace oubli {

struct RunSettings {
  std::string data;      // folder of data sets, as the experiment was loaded with
  std::size_t jobs = 0;  // stages at once; 0: as many as there are cores for
  RunListener* listener = nullptr;
};

// An interrupt (SIGINT, SIGTERM) ended the run.
class Interrupted : public Error {
 public:
  Interrupted()
      : Error(ErrorKind::kStore,
              "interrupted: finished stages are kept; the same command goes on from here.") {}
};

// Does what the store does not have, and collects the results of all. Stages that fail are in the
// results. Throws Interrupted; Error(kStore) where the store cannot be written, and DamagedEntry
// where damage to it comes again and again.
Results run_experiment(const Experiment& experiment, const Plan& plan, const Store& store,
                       const Registries& registries, const RunSettings& settings = {});

}  // namespace oubli
