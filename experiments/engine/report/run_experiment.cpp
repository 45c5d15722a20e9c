#include "experiments/engine/report/run_experiment.h"

#include "experiments/engine/report/collect_results.h"
#include "experiments/engine/run/jobs.h"
#include "experiments/engine/run/run_request.h"
#include "experiments/engine/run/scheduler.h"

namespace oubli {

Results run_experiment(const Experiment& experiment, const Plan& plan, const Store& store,
                       const Registries& registries, const RunSettings& settings) {
  store.sweep();
  const std::size_t jobs = job_count(settings.jobs, experiment.spec);
  RunRequest request =
      request_of(experiment, settings.data, store.folder().string(), memory_of_job(jobs));
  request.plugins.assign(registries.plugins.begin(), registries.plugins.end());
  RunListener silent;
  RunListener& listener = settings.listener != nullptr ? *settings.listener : silent;
  // Damage that is found when results are read is mended like any other, in another round.
  constexpr int kMostTries = 3;
  for (int tries = 1;; ++tries) {
    const RunOutcome outcome = run_plan(plan, store, request, jobs, listener);
    if (outcome.interrupted) throw Interrupted();
    if (!outcome.stopped.empty()) {
      throw Error(ErrorKind::kStore, outcome.stopped +
                                         " The run has stopped: finished stages are kept, and the "
                                         "same command goes on from here.");
    }
    try {
      return collect_results(experiment, plan, store, outcome, registries.metrics);
    } catch (const DamagedEntry&) {
      if (tries == kMostTries) throw;
    }
  }
}

}  // namespace oubli
