// `oubli run FILE`: does all that an experiment needs, writes its results and prints its table.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <memory>

#include "core/base/file_lock.h"
#include "core/base/text.h"
#include "experiments/engine/commands/command.h"
#include "experiments/engine/commands/experiment_options.h"
#include "experiments/engine/commands/print_table.h"
#include "experiments/engine/plan/load.h"
#include "experiments/engine/report/output.h"
#include "experiments/engine/report/result_folder.h"
#include "experiments/engine/report/run_experiment.h"
#include "experiments/engine/run/display.h"

namespace oubli {
namespace {

struct RunOptions : ExperimentOptions {
  std::string output;
  int jobs = 0;  // 0: all cores
};

// Says where the store must not be used by several hosts.
void warn_of_local_locks(const Store& store) {
  const std::string mount = FileLock::local_only(store.folder());
  if (mount.empty()) return;
  fmt::print(stderr,
             "oubli: {} lies on {}, whose locks hold among the processes of one host only: run "
             "nothing on this store from another host meanwhile.\n",
             printable(store.folder().string()), mount);
}

int run_file(const RunOptions& options, const Registries& registries) {
  const Experiment experiment = load_experiment(options, registries);
  const Plan plan = load_plan(experiment, registries);
  const std::filesystem::path store_folder = default_store(options.store);
  const ResultFolder output(output_folder(options.output, options.file), store_folder);
  const Store store(store_folder);
  warn_of_local_locks(store);
  Display display(stderr);
  const Results results =
      run_experiment(experiment, plan, store, registries,
                     {options.data, static_cast<std::size_t>(options.jobs), &display});
  write_output(output, experiment, plan, store, results);
  print_table(results);
  fmt::print("Written to {}/\n", printable(output.path().string()));
  return std::max(exit_status(results), results.failed_stages.empty() ? 0 : 1);
}

}  // namespace

void add_run_command(CLI::App& program, CommandContext& context) {
  const auto options = std::make_shared<RunOptions>();
  CLI::App* run = program.add_subcommand("run", "run an experiment and print its table");
  add_experiment_options(*run, *options);
  run->add_option("--output", options->output, "folder for results (default: results/NAME)");
  run->add_option("--jobs", options->jobs, "stages at once (default: all cores)")
      ->check(CLI::Range(1, 1024));
  run->callback([options, &context] {
    try {
      context.status = run_file(*options, context.registries);
    } catch (const Interrupted& interrupted) {
      std::fputs(fmt::format("{}\n", interrupted.what()).c_str(), stderr);
      context.status = 130;
    }
  });
}

}  // namespace oubli
