// `oubli stage KEY FILE`: runs one stage of an experiment, for schedulers other than oubli's own.
#include <ATen/Parallel.h>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <string>

#include "experiments/engine/commands/command.h"
#include "experiments/engine/commands/experiment_options.h"
#include "experiments/engine/plan/load.h"
#include "experiments/engine/run/input_contents.h"
#include "experiments/engine/run/jobs.h"
#include "experiments/engine/run/run_stage.h"

namespace oubli {
namespace {

int run_one_stage(const std::string& key, bool again, const ExperimentOptions& options,
                  const Registries& registries) {
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
  if (again) store.discard(stage.key);
  at::set_num_threads(static_cast<int>(experiment.spec.threads));
  const bool worked =
      run_stage(experiment, plan, stage, registries, store,
                {.memory = memory_of_job(job_count(0, experiment.spec)),
                 .on_wait = [](const std::string& holder) {
                   fmt::print(stderr, "waiting for {}, which is doing it\n", holder);
                 }});
  fmt::print("{} {}: {}\n", stage.key, stage.label, worked ? "done" : "already there");
  return 0;
}

}  // namespace

void add_stage_command(CLI::App& program, CommandContext& context) {
  struct Options : ExperimentOptions {
    std::string key;
    bool again = false;
  };
  const auto options = std::make_shared<Options>();
  CLI::App* stage = program.add_subcommand("stage", "run one stage of an experiment by its key");
  stage->add_option("KEY", options->key, "as `check --keys` prints it, or its first characters")
      ->required();
  stage->add_flag("--force", options->again, "do it again where the store has it");
  add_experiment_options(*stage, *options);
  stage->callback([options, &context] {
    context.status = run_one_stage(options->key, options->again, *options, context.registries);
  });
}

}  // namespace oubli
