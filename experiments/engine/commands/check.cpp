// `oubli check FILE`: what an experiment is, with every default, and what it takes.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <utility>

#include "core/base/machine_limits.h"
#include "core/base/settings_file.h"
#include "experiments/engine/commands/command.h"
#include "experiments/engine/commands/experiment_options.h"
#include "experiments/engine/commands/waiting.h"
#include "experiments/engine/plan/fitness.h"
#include "experiments/engine/plan/load.h"
#include "experiments/engine/report/input_list.h"
#include "experiments/engine/report/layout.h"
#include "experiments/engine/run/calibration.h"
#include "experiments/engine/run/jobs.h"
#include "experiments/engine/terminal.h"

namespace oubli {
namespace {

struct CheckOptions : ExperimentOptions {
  bool show_keys = false;
};

std::size_t columns() {
  constexpr std::size_t kLeast = 20, kMost = 100;
  return std::clamp(terminal_columns(stdout), kLeast, kMost);
}

// Lists that are wider than the terminal go on in the next line, behind a comma and further in,
// where YAML reads the same.
void print_settings(const std::string& yaml) {
  const std::size_t width = columns();
  std::istringstream lines(yaml);
  for (std::string line; std::getline(lines, line);) {
    const std::string indent(line.find_first_not_of(' ') + 4, ' ');
    for (std::size_t comma = line.rfind(", ", width - 1);
         line.size() > width && comma != std::string::npos && comma > indent.size();
         comma = line.rfind(", ", width - 1)) {
      fmt::print("{}\n", line.substr(0, comma + 1));
      line.replace(0, comma + 2, indent);
    }
    fmt::print("{}\n", line);
  }
  fmt::print("\n");
}

void print_comment(const std::string& text) {
  std::istringstream lines(wrapped(text, columns() - 2));
  for (std::string line; std::getline(lines, line);) fmt::print("# {}\n", line);
}

// What a model from elsewhere must have been given, and in which order.
void print_inputs(const Experiment& experiment) {
  const Json inputs = inputs_record(*experiment.dataset, experiment.metric_rows());
  if (inputs.empty()) return;
  print_comment("inputs, in this order:");
  for (const std::string& input : inputs_text(inputs)) fmt::print("#   {}\n", input);
  const std::string classes = classes_text(*experiment.dataset);
  if (!classes.empty()) print_comment(fmt::format("classes, in this order: {}", classes));
}

int check_file(const CheckOptions& options, const Registries& registries) {
  const Experiment experiment = load_experiment(options, registries);
  require_given_training(experiment.spec);
  const Plan plan = load_plan(experiment, registries);
  print_settings(to_yaml(experiment.spec.resolved));
  const Task& task = experiment.task;
  print_comment(fmt::format(
      "{} parameters; examples: train {}, forget {}{}, added {}, retain {}, validation {}, test {}",
      experiment.network.table->size(), task.train.size(), task.forget.size(),
      experiment.unknown.numel() == 0
          ? ""
          : fmt::format(" (and {} that no method is told of)", experiment.unknown.numel()),
      task.added.size(), task.retain.size(), task.validation.size(), task.test.size()));
  print_inputs(experiment);
  print_comment(
      fmt::format("memory: {:.3g} GB or more for each stage at work; {:.3g} GB are available",
                  least_memory(experiment) / 1e9, static_cast<double>(available_memory()) / 1e9));
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
  const std::size_t jobs = std::min(job_count(0, experiment.spec), plan.stages.size());
  const double rate = [&] {
    const Waiting waiting("measuring how fast this machine is");
    return seconds_per_sample_gradient(experiment);
  }();
  print_comment(fmt::format(
      "time: about {} at most, at {:.2g} ms a sample-gradient (measured on this machine now) and "
      "{} "
      "stage{} at once; solves mostly end sooner, and what the store has is not done again",
      duration_text(total * rate / static_cast<double>(jobs)), 1e3 * rate, jobs,
      jobs == 1 ? "" : "s"));
  if (options.show_keys) {
    for (const Stage& stage : plan.stages) {
      fmt::print("{} {:<9} {}\n", stage.key, to_string(stage.kind), stage.label);
    }
  }
  return 0;
}

}  // namespace

void add_check_command(CLI::App& program, CommandContext& context) {
  const auto options = std::make_shared<CheckOptions>();
  CLI::App* check = program.add_subcommand("check", "validate an experiment and print its plan");
  add_experiment_options(*check, *options);
  check->add_flag("--keys", options->show_keys, "list every stage with its key");
  check->callback(
      [options, &context] { context.status = check_file(*options, context.registries); });
}

}  // namespace oubli
