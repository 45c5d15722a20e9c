// `oubli influence FILE`: the training examples that matter most for one prediction.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <memory>
#include <vector>

#include "core/attribution/leave_one_out.h"
#include "core/base/machine_limits.h"
#include "core/base/settings_file.h"
#include "core/unlearn/influence_scores.h"
#include "experiments/engine/commands/command.h"
#include "experiments/engine/commands/experiment_options.h"
#include "experiments/engine/commands/influence_effects.h"
#include "experiments/engine/commands/original.h"
#include "experiments/engine/commands/print_table.h"
#include "experiments/engine/plan/load.h"
#include "experiments/engine/report/layout.h"
#include "experiments/engine/report/output.h"
#include "experiments/engine/report/page/examples.h"
#include "experiments/engine/report/result_folder.h"
#include "experiments/engine/run/run_stage.h"
#include "experiments/engine/run/stage_files.h"
#include "experiments/engine/terminal.h"

namespace oubli {
namespace {

constexpr int kMostExamples = 1'000'000'000;

struct InfluenceOptions : ExperimentOptions {
  std::string output;
  std::int64_t test = 0;     // position in the test set
  std::int64_t top = 10;     // training examples listed
  std::int64_t retrain = 0;  // how many of them are also removed and retrained without
  std::string solve;         // settings of the solve, as in YAML: "curvature: hessian, damping: 0"
};

const char* const kRetrainedText =
    "Retrained: the change of the test loss when training minimises the mean loss over the other n "
    "- 1 examples + l2 n / (n - 1) |theta|^2 / 2: the regulariser's share of the sum stays, as the "
    "prediction has it. Oracles and the method retrain keep l2 as it is. Training by steps has the "
    "same start and the same batches, each without the example.";

double loss_without(const Experiment& experiment, const Stage& trained, const Model& original,
                    std::int64_t row, const Subset& test) {
  const Task& task = experiment.task;
  const auto position = task.train.rows.eq(row).nonzero().item<std::int64_t>();
  Context context(0);
  const Model model = trained_without(original, task.train, position, task.recipe,
                                      Generator(random_seed(trained)), context);
  CostMeter cost;
  return value_only(model, test, {task.objective().loss, 0}, cost).loss;
}

void print_prediction(const Experiment& experiment, const Model& model, const Subset& test,
                      std::int64_t number, double loss) {
  const Dataset& data = *experiment.dataset;
  const std::int64_t row = test.rows[0].item<std::int64_t>();
  CostMeter cost;
  const Tensor outputs = experiment.task.objective().class_scores(predict(model, test, cost))[0];
  fmt::print("Test example {} (row {} of {}): label {}, loss {:.4g}", number, row, data.name,
             label_text(data, row), loss);
  if (data.is_classification()) {
    const Tensor p = outputs.softmax(0);
    const auto predicted = p.argmax().item<std::int64_t>();
    fmt::print("; predicted {} with probability {:.3f}", class_text(data, predicted),
               p[predicted].item<double>());
  }
  fmt::print(".\n");
}

CurvatureSolveSettings solve_settings(const std::string& text) {
  const Settings settings(parse_settings(text.empty() ? "{}" : "{" + text + "}", "--solve"));
  CurvatureSolveSettings solve = CurvatureSolveSettings::read(settings);
  settings.finish();
  return solve;
}

// Prints the first of them, and retrains without as many as were asked for: `retrained_loss` is
// the loss without one training example.
template <typename Function>
void print_effects(const InfluenceOptions& options, const Dataset& data, double loss,
                   const Function& retrained_loss, std::vector<Effect>& effects) {
  fmt::print(
      "\nEffect on its loss of removing each training example; positive: the example helps.\n");
  fmt::print("{:>5}  {:>9}  {:<20} {:>12}{}\n", "", "row", "label", "predicted",
             options.retrain > 0 ? "    retrained" : "");
  const auto count = static_cast<std::int64_t>(effects.size());
  for (std::int64_t i = 0; i < std::min(count, std::max(options.retrain, options.top)); ++i) {
    Effect& effect = effects[static_cast<std::size_t>(i)];
    std::string retrained;
    if (i < options.retrain) {
      effect.retrained = retrained_loss(effect.row) - loss;
      retrained = fmt::format(" {:>+12.3e}", *effect.retrained);
    }
    if (i < options.top) {
      fmt::print("{:>5}  {:>9}  {:<20} {:>+12.3e}{}\n", i + 1, effect.row,
                 label_text(data, effect.row), effect.predicted, retrained);
    }
  }
}

int show_influence(const InfluenceOptions& options, const Registries& registries) {
  const CurvatureSolveSettings solve = solve_settings(options.solve);
  const Experiment experiment = load_experiment(options, registries);
  const Subset& tests = experiment.task.test;
  if (options.test >= tests.size()) {
    throw Error(ErrorKind::kUsage, fmt::format("--test {}: the test set has examples 0 to {}.",
                                               options.test, tests.size() - 1));
  }
  const ResultFolder output(output_folder(options.output, options.file));
  const Plan plan = load_plan(experiment, registries);
  const Store store(default_store(options.store));
  at::set_num_threads(static_cast<int>(experiment.spec.threads));
  const Stage& trained = finished_original(experiment, plan, registries, store);
  const Model model = stored_model(experiment, store, trained);
  at::set_num_threads(static_cast<int>(available_cores()));
  const Subset test = tests.with_rows(tests.rows.narrow(0, options.test, 1));
  const Task& task = experiment.task;
  const Objective loss{task.objective().loss, 0};
  Context context(0);
  context.memory = available_memory() / 4;
  const double before = value_only(model, test, loss, context.cost).loss;
  print_prediction(experiment, model, test, options.test, before);

  const InfluenceScores scores =
      influence_scores(model, task.train, test, task.objective(), solve, context);
  fmt::print("Solve: {}, damping {:.3g}: {}.\n", to_string(scores.solve.status),
             scores.solve.damping, scores.solve.message);
  if (!scores.solve.refusal.empty()) {
    fmt::print("{}",
               wrapped("No effects: " + scores.solve.refusal + ".", terminal_columns(stdout)));
    return 1;
  }
  std::vector<Effect> effects = effects_in_order(scores, task.train);
  print_effects(
      options, *experiment.dataset, before,
      [&](std::int64_t row) { return loss_without(experiment, trained, model, row, test); },
      effects);
  if (options.retrain > 0) fmt::print("{}", wrapped(kRetrainedText, terminal_columns(stdout)));
  const std::filesystem::path written =
      write_effects(output, options.test, experiment, effects,
                    {{"test_example", options.test},
                     {"test_row", test.rows[0].item<std::int64_t>()},
                     {"loss", before},
                     {"objective_of_retrained", kRetrainedText},
                     {"solve", scores.solve.to_json()}});
  fmt::print("Written with all digits, for every training example: {}.csv and .json\n",
             written.string());
  print_how_to_show(output.path());
  return 0;
}

}  // namespace

void add_influence_command(CLI::App& program, CommandContext& context) {
  const auto options = std::make_shared<InfluenceOptions>();
  CLI::App* matters = program.add_subcommand(
      "influence", "list the training examples that matter for a prediction");
  add_experiment_options(*matters, *options);
  matters->add_option("--test", options->test, "position in the test set, from 0")
      ->required()
      ->check(CLI::Range(0, kMostExamples));
  matters->add_option("--top", options->top, "how many to list (default: 10)")
      ->check(CLI::Range(1, kMostExamples));
  matters
      ->add_option("--retrain", options->retrain,
                   "how many of them to retrain without, for comparison (default: 0)")
      ->check(CLI::Range(0, kMostExamples));
  matters->add_option("--output", options->output,
                      "folder for all effects as CSV and JSON (default: results/NAME)");
  matters->add_option("--solve", options->solve,
                      "settings of the solve, as \"curvature: hessian, damping: 0\"");
  matters->callback(
      [options, &context] { context.status = show_influence(*options, context.registries); });
}

}  // namespace oubli
