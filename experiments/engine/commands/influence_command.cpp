// `oubli influence`: the training examples that matter most for one prediction.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <fmt/format.h>

#include "core/base/machine_limits.h"
#include "core/base/settings_file.h"
#include "core/unlearn/influence_scores.h"
#include "core/unlearn/initial_training.h"
#include "experiments/engine/commands/commands.h"
#include "experiments/engine/commands/original.h"
#include "experiments/engine/plan/load.h"
#include "experiments/engine/report/layout.h"
#include "experiments/engine/report/output.h"
#include "experiments/engine/run/run_stage.h"
#include "experiments/engine/run/stage_files.h"
#include "experiments/engine/terminal.h"

namespace oubli {
namespace {

std::string class_text(const Dataset& data, std::int64_t label) {
  return data.class_names.empty() ? fmt::format("{}", label)
                                  : data.class_names[static_cast<std::size_t>(label)];
}

std::string label_text(const Dataset& data, std::int64_t row) {
  if (!data.is_classification()) {
    return fmt::format("{:.4g}", data.targets[row].flatten()[0].item<double>());
  }
  const auto label = data.targets[row].item<std::int64_t>();
  std::string text = class_text(data, label);
  const auto true_label =
      data.true_targets.defined() ? data.true_targets[row].item<std::int64_t>() : label;
  if (true_label != label) text += fmt::format(" (truly {})", true_label);
  return text;
}

const char* const kRetrainedText =
    "Retrained: the change of the test loss when training minimises the mean loss over the other n "
    "- 1 examples + l2 n / (n - 1) |theta|^2 / 2, from the same start: the regulariser's share of "
    "the sum stays, as the prediction has it. Oracles and the method retrain keep l2 as it is.";

// Test loss after training again without one example, from the same start and in the same order,
// with the total strength of the regulariser kept, which is what the prediction is about.
double loss_without(const Experiment& experiment, const Stage& trained, const Model& original,
                    std::int64_t row, const Subset& test) {
  Task task = experiment.task;
  const double n = static_cast<double>(task.train.size());
  task.recipe.objective.l2 *= n / (n - 1);
  const Tensor kept = rows_difference(task.train.rows, at::full({1}, row, at::kLong));
  Model model = original.clone();
  Context context(random_seed(trained));
  if (task.recipe.optimizer.is_full_batch()) {
    train(model, task.train.with_rows(kept), task.recipe, context);  // from where it stands
  } else {
    train_from_start(model, task.train.with_rows(kept), task.recipe, context);
  }
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

// What was found of one training example.
struct Effect {
  std::int64_t row = 0;
  double predicted = 0;
  std::optional<double> retrained = {};
};

// All training examples in the order of their effects, with every digit: influence-test-N.csv and
// .json beside the results of runs.
std::filesystem::path write_effects(const ResultFolder& output, std::int64_t number,
                                    const Experiment& experiment, const std::vector<Effect>& all,
                                    Json summary) {
  const Dataset& data = *experiment.dataset;
  const bool has_labels = data.is_classification(), is_corrupted = data.true_targets.defined();
  std::string csv = "row,predicted_effect,retrained_effect";
  if (has_labels) csv += ",label";
  if (is_corrupted) csv += ",true_label";
  csv += "\n";
  Json effects = Json::array();
  for (const Effect& effect : all) {
    Json entry = {{"row", effect.row}, {"predicted_effect", effect.predicted}};
    csv += fmt::format("{},{},", effect.row, effect.predicted);
    if (effect.retrained) {
      entry["retrained_effect"] = *effect.retrained;
      csv += fmt::format("{}", *effect.retrained);
    }
    const auto add_label = [&](const char* name, const Tensor& labels) {
      const auto label = labels[effect.row].item<std::int64_t>();
      entry[name] = label;
      csv += fmt::format(",{}", label);
    };
    if (has_labels) add_label("label", data.targets);
    if (is_corrupted) add_label("true_label", data.true_targets);
    csv += "\n";
    effects.push_back(std::move(entry));
  }
  summary["effects"] = std::move(effects);
  const std::string stem = fmt::format("influence-test-{}", number);
  output.replace(
      [&](const std::string& name) { return name == stem + ".csv" || name == stem + ".json"; },
      [&](const std::filesystem::path& folder) {
        write_file(folder / (stem + ".csv"), csv);
        write_json(folder / (stem + ".json"), summary);
      });
  return output.path() / stem;
}

}  // namespace

int show_influence(const InfluenceCommand& command, const Registries& registries) {
  const CurvatureSolveSettings solve = solve_settings(command.solve);
  const Experiment experiment = load_experiment(command.run, registries);
  const Subset& tests = experiment.task.test;
  if (command.test >= tests.size()) {
    throw Error(ErrorKind::kUsage, fmt::format("--test {}: the test set has examples 0 to {}.",
                                               command.test, tests.size() - 1));
  }
  const ResultFolder output(output_folder(command.run.output, command.run.file));
  const Plan plan = load_plan(experiment, registries);
  const Store store(default_store(command.run.store));
  at::set_num_threads(static_cast<int>(experiment.spec.threads));
  const Stage& trained = finished_original(experiment, plan, registries, store);
  const Model model = stored_model(experiment, store, trained);
  at::set_num_threads(static_cast<int>(available_cores()));
  const Subset test = tests.with_rows(tests.rows.narrow(0, command.test, 1));
  const Task& task = experiment.task;
  const Objective loss{task.objective().loss, 0};
  Context context(0);
  context.memory = available_memory() / 4;
  const double before = value_only(model, test, loss, context.cost).loss;
  print_prediction(experiment, model, test, command.test, before);

  const InfluenceScores scores =
      influence_scores(model, task.train, test, task.objective(), solve, context);
  fmt::print("Solve: {}, damping {:.3g}: {}.\n", to_string(scores.solve.status),
             scores.solve.damping, scores.solve.message);
  if (!scores.solve.refusal.empty()) {
    fmt::print("{}",
               wrapped("No effects: " + scores.solve.refusal + ".", terminal_columns(stdout)));
    return 1;
  }
  fmt::print(
      "\nEffect on its loss of removing each training example; positive: the example helps.\n");
  fmt::print("{:>5}  {:>9}  {:<20} {:>12}{}\n", "", "row", "label", "predicted",
             command.retrain > 0 ? "    retrained" : "");
  const Tensor order = scores.effect.abs().argsort(/*stable=*/true, 0, /*descending=*/true);
  std::vector<Effect> effects;
  for (std::int64_t i = 0; i < order.numel(); ++i) {
    const std::int64_t position = order[i].item<std::int64_t>();
    const std::int64_t row = task.train.rows[position].item<std::int64_t>();
    effects.push_back({row, scores.effect[position].item<double>()});
    Effect& effect = effects.back();
    std::string retrained;
    if (i < command.retrain) {
      effect.retrained = loss_without(experiment, trained, model, row, test) - before;
      retrained = fmt::format(" {:>+12.3e}", *effect.retrained);
    }
    if (i < command.top) {
      fmt::print("{:>5}  {:>9}  {:<20} {:>+12.3e}{}\n", i + 1, row,
                 label_text(*experiment.dataset, row), effect.predicted, retrained);
    }
  }
  const std::size_t width = terminal_columns(stdout);
  if (command.retrain > 0) {
    fmt::print("{}", wrapped(kRetrainedText, width));
    if (!task.recipe.optimizer.is_full_batch()) {
      fmt::print("{}", wrapped("Retrained effects of stochastic training hold its noise: with one "
                               "example less, every batch is another.",
                               width));
    }
  }
  const std::filesystem::path written =
      write_effects(output, command.test, experiment, effects,
                    {{"test_example", command.test},
                     {"test_row", test.rows[0].item<std::int64_t>()},
                     {"loss", before},
                     {"objective_of_retrained", kRetrainedText},
                     {"solve", scores.solve.to_json()}});
  fmt::print("Written with all digits, for every training example: {}.csv and .json\n",
             written.string());
  return 0;
}

}  // namespace oubli
