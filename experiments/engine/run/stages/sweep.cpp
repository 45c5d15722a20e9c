// Tries a method's settings on the first original, and chooses the best.
#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <vector>

#include "experiments/engine/plan/training_sets.h"
#include "experiments/engine/run/stages/stage_type.h"
#include "experiments/engine/run/trials.h"

namespace oubli {
namespace {

// The column that trials are compared by. Trials are never shown the test set, nor what attacks
// compare with, nor what should be forgotten and nobody knows of.
class SweepObjective {
 public:
  explicit SweepObjective(const StageRun& run)
      : name_(run.method().sweep->objective),
        metric_(run.registries.metrics.find(run.method().sweep->metric)),
        oracles_(run.outputs.outcomes(run.stage, ModelRole::kOracle)),
        initial_(run.outputs.outcomes(run.stage, ModelRole::kInitial)),
        evaluation_(run.outputs.evaluation(sets_of(run.experiment), initial_, run.stage.variant)) {}
  SweepObjective(const SweepObjective&) = delete;
  SweepObjective& operator=(const SweepObjective&) = delete;

  // Of all its sets.
  Tensor rows() const {
    Tensor rows = at::empty({0}, at::kLong);
    for (const NamedRows& set : evaluation_.sets) rows = rows_union(rows, set.rows);
    return rows;
  }

  // Of a trial's model, or of an oracle, which is held against the others.
  std::optional<double> value_of(const ModelOutcome& model) const {
    MetricInput input{.evaluation = evaluation_, .model = model};
    for (const ModelOutcome& oracle : oracles_) {
      if (&oracle != &model) input.oracles.push_back(&oracle);
    }
    for (const MetricValue& value : metric_.compute(input)) {
      if (value.column == name_ && std::isfinite(value.value)) return value.value;
    }
    return std::nullopt;
  }

  // The oracles' own value, each against the others.
  double mean_of_oracles() const {
    double sum = 0;
    for (const ModelOutcome& oracle : oracles_) {
      if (oracles_.size() < 2) {
        throw Error(ErrorKind::kTask,
                    "the objective of this sweep is to come close to the oracles' own value, which "
                    "takes two oracles or more (seeds.oracle)");
      }
      const std::optional<double> value = value_of(oracle);
      if (!value) {
        throw Error(ErrorKind::kTask,
                    "the objective of this sweep has no value for the oracles: " + without_value());
      }
      sum += *value;
    }
    return sum / static_cast<double>(oracles_.size());
  }

  std::string without_value() const {
    std::vector<std::string> sets;
    for (const NamedRows& set : evaluation_.sets) sets.push_back(set.name);
    return fmt::format(
        "{} has no value for this data and edit from the sets that a sweep reads: {}", name_,
        fmt::join(sets, ", "));
  }

 private:
  static std::vector<NamedRows> sets_of(const Experiment& experiment) {
    std::vector<NamedRows> sets = experiment.metric_sets();
    const auto is_hidden = [&](const NamedRows& set) {
      const auto has = [&](const std::vector<NamedRows>& of_test) {
        return std::any_of(of_test.begin(), of_test.end(),
                           [&](const NamedRows& own) { return own.name == set.name; });
      };
      return set.name == "test" || set.name == "held_out" || set.name == "unknown" ||
             has(experiment.planted.sets) || has(experiment.named_sets);
    };
    std::erase_if(sets, is_hidden);
    return sets;
  }

  const std::string& name_;
  const Metric& metric_;
  const std::vector<ModelOutcome> oracles_, initial_;
  const Evaluation evaluation_;
};

TrialResult run_trial(const StageRun& run, const SweepObjective& objective, const Tensor& rows,
                      const Trial& trial) {
  Context context(random_seed(run.stage));
  context.memory = run.host.memory;
  Model model = run.input_model(0);
  const UnlearnReport report = run_unlearner(run.method().info, *trial.unlearner, model,
                                             task_of(run.experiment, run.stage), context);
  TrialResult result{std::nullopt, report.sample_gradients, report.seconds, report.message,
                     to_string(report.status)};
  if (!report.usable()) return result;
  const ModelOutputs outputs = run.outputs_of(model, rows);
  if (!outputs.outputs.isfinite().all().item<bool>()) {
    result.status = to_string(UnlearnStatus::kDiverged);
    result.message = kNotFinite;
    return result;
  }
  result.value =
      objective.value_of({run.outputs.predictions(outputs, rows), model.theta().to(at::kDouble),
                          report.sample_gradients, report.seconds});
  if (!result.value) result.message = objective.without_value();
  return result;
}

void run_sweep(const StageRun& run) {
  const Sweep& sweep = *run.method().sweep;
  const SweepObjective objective(run);
  const Tensor rows = objective.rows();
  double done = 0;
  const double budget = sweep.budget(run.experiment.retraining_cost());
  const std::vector<TrialResult> results = run_trials(sweep, budget, [&](const Trial& trial) {
    run.host.progress(done++ / static_cast<double>(sweep.trials.size()));
    return run_trial(run, objective, rows, trial);
  });
  const double oracle = sweep.better == GoodSide::kOracle ? objective.mean_of_oracles() : 0;
  write_json(run.folder / kReportFile, report_of_sweep(sweep, results, oracle));
}

}  // namespace

StageType sweep_stage() {
  return {[](const Stage&) { return std::string("sweep"); }, run_sweep};
}

}  // namespace oubli
