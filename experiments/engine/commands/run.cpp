// `oubli run FILE`: does all that an experiment needs, writes its results and prints its table.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cctype>
#include <cstdio>
#include <memory>
#include <optional>
#include <string_view>

#include "core/base/file_lock.h"
#include "core/base/text.h"
#include "experiments/engine/commands/command.h"
#include "experiments/engine/commands/experiment_options.h"
#include "experiments/engine/commands/paragraph.h"
#include "experiments/engine/commands/print_table.h"
#include "experiments/engine/commands/waiting.h"
#include "experiments/engine/plan/load.h"
#include "experiments/engine/report/output.h"
#include "experiments/engine/report/result_folder.h"
#include "experiments/engine/report/run_experiment.h"
#include "experiments/engine/run/calibration.h"
#include "experiments/engine/run/display.h"
#include "experiments/engine/run/jobs.h"

namespace oubli {
namespace {

struct RunOptions : ExperimentOptions {
  std::string output;
  int jobs = 0;  // 0: all cores
  std::vector<std::string> fresh;
  bool keeps_models = false;
  bool shows_all = false;
};

// Removes from the store what the rows are made by, so that it is done again.
void forget_rows(const std::vector<std::string>& rows, const Experiment& experiment,
                 const Plan& plan, const Store& store) {
  for (const std::string& row : rows) {
    for (const std::size_t stage : plan.stages_of_row(experiment, row)) {
      store.discard(plan.stages[stage].key);
    }
  }
}

// As a shell reads it again.
std::string shell_word(const std::string& text) {
  const auto is_plain = [](unsigned char c) {
    return std::isalnum(c) != 0 || std::string_view("_./=-:,+@%").find(c) != std::string_view::npos;
  };
  if (!text.empty() && std::all_of(text.begin(), text.end(), is_plain)) return text;
  std::string word = "'";
  for (const char c : text) word += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return word + "'";
}

// How each of the first few stages that failed is run alone.
void print_how_to_repeat(const Results& results, const RunOptions& options,
                         const Registries& registries) {
  constexpr std::size_t kMost = 3, kKeyCharacters = 12;
  std::string common = fmt::format(" {}", shell_word(options.file));
  for (const std::string& override : options.overrides) {
    common += " --set " + shell_word(override);
  }
  if (!options.data.empty()) common += " --data " + shell_word(options.data);
  if (!options.store.empty()) common += " --store " + shell_word(options.store);
  for (const std::filesystem::path& plugin : registries.plugins) {
    common += " --plugin " + shell_word(plugin.string());
  }
  for (std::size_t i = 0; i < std::min(kMost, results.failed_keys.size()); ++i) {
    fmt::print(stderr, "  alone: oubli stage {}{} --force\n",
               results.failed_keys[i].substr(0, kKeyCharacters), common);
  }
}

// Says where the store must not be used by several hosts.
void warn_of_local_locks(const Store& store) {
  const std::string mount = FileLock::local_only(store.folder());
  if (mount.empty()) return;
  const std::string warning = fmt::format(
      "oubli: {} lies on {}, whose locks hold among the processes of one host only: run nothing on "
      "this store from another host meanwhile.",
      printable(store.folder().string()), mount);
  fmt::print(stderr, "{}", folded(warning, stderr));
}

int run_file(const RunOptions& options, const Registries& registries) {
  const Experiment experiment = load_experiment(options, registries);
  require_given_training(experiment.spec);
  const Plan plan = load_plan(experiment, registries);
  const std::filesystem::path store_folder = default_store(options.store);
  const ResultFolder output(output_folder(options.output, options.file), store_folder);
  const Store store(store_folder);
  warn_of_local_locks(store);
  forget_rows(options.fresh, experiment, plan, store);
  const std::size_t jobs = job_count(static_cast<std::size_t>(options.jobs), experiment.spec);
  Display display(stderr);
  display.set_rate([&experiment, jobs] {
    return seconds_per_sample_gradient(experiment) / static_cast<double>(jobs);
  });
  const Results results =
      run_experiment(experiment, plan, store, registries,
                     {options.data, static_cast<std::size_t>(options.jobs), &display});
  std::optional<Waiting> waiting("writing the results and their page");
  write_output(output, experiment, plan, store, results, registries.metrics, options.keeps_models);
  waiting.reset();
  print_table(results, options.shows_all);
  fmt::print("Written to {}/\n", printable(output.path().string()));
  std::fflush(stdout);  // both streams may lead to one file
  print_how_to_repeat(results, options, registries);
  if (results.cached_stages > 0) {
    const std::string note =
        fmt::format("{} of {} stages came from the store; `--fresh ROW` does a row again.",
                    results.cached_stages, plan.stages.size());
    fmt::print(stderr, "{}", folded(note, stderr));
  }
  return std::max(exit_status(results), results.failed_stages.empty() ? 0 : 1);
}

}  // namespace

void add_run_command(CLI::App& program, CommandContext& context) {
  const auto options = std::make_shared<RunOptions>();
  CLI::App* run = program.add_subcommand("run", "run an experiment and print its table");
  add_experiment_options(*run, *options);
  run->add_option("--output", options->output, "folder for results (default: results/NAME)");
  add_jobs_option(*run, options->jobs);
  run->add_option("--fresh", options->fresh, "a row that is done again, though the store has it")
      ->type_name("ROW")
      ->allow_extra_args(false);
  run->add_flag("--keep-models", options->keeps_models,
                "the rows' models beside the results, as safetensors with PyTorch's names; of an "
                "attribution the effects");
  run->add_flag("--all", options->shows_all,
                "print every column that methods are compared by, not the deciding ones alone");
  run->callback([options, &context] { context.status = run_file(*options, context.registries); });
}

}  // namespace oubli
