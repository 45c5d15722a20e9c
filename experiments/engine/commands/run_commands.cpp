// The commands that work on an experiment file: run, check, stage, worker.
#include <ATen/Parallel.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "core/base/file_lock.h"
#include "core/base/machine_limits.h"
#include "core/base/settings_file.h"
#include "core/base/text.h"
#include "experiments/engine/commands/commands.h"
#include "experiments/engine/plan/fitness.h"
#include "experiments/engine/plan/load.h"
#include "experiments/engine/report/formats/formats.h"
#include "experiments/engine/report/output.h"
#include "experiments/engine/report/report_model.h"
#include "experiments/engine/report/result_folder.h"
#include "experiments/engine/report/run_experiment.h"
#include "experiments/engine/run/display.h"
#include "experiments/engine/run/input_contents.h"
#include "experiments/engine/run/jobs.h"
#include "experiments/engine/run/run_stage.h"
#include "experiments/engine/run/worker.h"
#include "experiments/engine/terminal.h"

namespace oubli {

Experiment load_experiment(const RunOptions& options, const Registries& registries) {
  return load_experiment(options.file, options.overrides, options.data, registries);
}

int run_experiment(const RunOptions& options, const Registries& registries) {
  const Experiment experiment = load_experiment(options, registries);
  const Plan plan = load_plan(experiment, registries);
  const std::filesystem::path store_folder = default_store(options.store);
  const ResultFolder output(output_folder(options.output, options.file), store_folder);
  const Store store(store_folder);
  if (const std::string mount = FileLock::local_only(store_folder); !mount.empty()) {
    fmt::print(stderr,
               "oubli: {} lies on {}, whose locks hold among the processes of one host only: run "
               "nothing on this store from another host meanwhile.\n",
               printable(store.folder().string()), mount);
  }
  Display display(stderr);
  try {
    const Results results =
        run_experiment(experiment, plan, store, registries,
                       {options.data, static_cast<std::size_t>(options.jobs), &display});
    write_output(output, experiment, plan, store, results);
    fmt::print("{}", console_table(report_model(results), terminal_columns(stdout)));
    fmt::print("Written to {}/\n", printable(output.path().string()));
    return std::max(exit_status(results), results.failed_stages.empty() ? 0 : 1);
  } catch (const Interrupted& interrupted) {
    display.end();
    std::fputs(fmt::format("{}\n", interrupted.what()).c_str(), stderr);
    return 130;
  }
}

int check_experiment(const RunOptions& options, const Registries& registries) {
  const Experiment experiment = load_experiment(options, registries);
  const Plan plan = load_plan(experiment, registries);
  fmt::print("{}\n\n", to_yaml(experiment.spec.resolved));
  const Task& task = experiment.task;
  fmt::print(
      "# {} parameters; examples: train {}, forget {}, added {}, retain {}, validation {}, "
      "test {}\n",
      experiment.network.table->size(), task.train.size(), task.forget.size(), task.added.size(),
      task.retain.size(), task.validation.size(), task.test.size());
  fmt::print("# memory: {:.3g} GB or more for each stage at work; {:.3g} GB are available\n",
             least_memory(experiment) / 1e9, static_cast<double>(available_memory()) / 1e9);
  std::map<StageKind, std::pair<std::size_t, double>> kinds;
  double total = 0;
  for (const Stage& stage : plan.stages) {
    auto& [count, cost] = kinds[stage.kind];
    ++count;
    if (stage.kind == StageKind::kEvaluate || stage.kind == StageKind::kCompare) continue;
    cost += stage.cost;
    total += stage.cost;
  }
  fmt::print("# plan: {} stages, about {:.3g} sample-gradients at most\n", plan.stages.size(),
             total);
  for (const auto& [kind, figures] : kinds) {
    fmt::print("#   {:<9} {:>4} stages {:>12.3g} sample-gradients\n", to_string(kind),
               figures.first, figures.second);
  }
  if (options.show_keys) {
    for (const Stage& stage : plan.stages) {
      fmt::print("{} {:<9} {}\n", stage.key, to_string(stage.kind), stage.label);
    }
  }
  return 0;
}

int run_one_stage(const std::string& key, const RunOptions& options, const Registries& registries) {
  const Experiment experiment = load_experiment(options, registries);
  const Plan plan = load_plan(experiment, registries);
  const Stage& stage = plan.find(key);
  const Store store(default_store(options.store));
  InputContents contents(plan, store);
  for (const std::size_t input : stage.all_inputs()) {
    const Stage& needed = plan.stages[input];
    const Store::Check check = store.check(needed.key, /*thorough=*/true, contents.of(needed));
    if (check.state != Store::State::kSound) {
      throw Error(ErrorKind::kStore, fmt::format("{} needs {} ({}) first: run `stage` on it.",
                                                 stage.label, needed.label, needed.key));
    }
  }
  at::set_num_threads(static_cast<int>(experiment.spec.threads));
  const bool worked =
      run_stage(experiment, plan, stage, registries, store,
                {.memory = memory_of_job(job_count(0, experiment.spec)),
                 .on_wait = [](const std::string& holder) {
                   fmt::print(stderr, "waiting for {}, which is doing it\n", holder);
                 }});
  fmt::print("{} {}: {}\n", key, stage.label, worked ? "done" : "already there");
  return 0;
}

int run_worker(const Registries& registries) {
  // Whatever a library prints must not be taken for an answer.
  const int answers = ::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
  ::dup2(STDERR_FILENO, STDOUT_FILENO);
  return work_until_told_to_stop(registries, answers);
}

}  // namespace oubli
