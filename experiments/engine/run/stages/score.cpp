// Takes the metrics of the effects of a row's originals, all together; or of the truth itself.
#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "core/evaluate/metrics/lds.h"
#include "experiments/engine/plan/training_sets.h"
#include "experiments/engine/run/stages/attribution_files.h"
#include "experiments/engine/run/stages/stage_type.h"

namespace oubli {
namespace {

// Losses of the models of all subsets, [retrainings, subsets, tests], and who was in them.
void add_subsets(const StageRun& run, AttributionInput& input) {
  const auto& truth = run.experiment.spec.attribution->subsets;
  if (!truth) return;
  const Task& task = run.experiment.task;
  Tensors losses, members;
  for (const ModelOutcome& outcome : run.outputs.outcomes(run.stage, ModelRole::kOracle)) {
    const Predictions own = outcome.predictions;  // its losses go with it
    losses.push_back(own.losses().index_select(0, task.test.rows).clone());
  }
  const Tensor positions = at::full({run.experiment.dataset->size()}, -1, at::kLong)
                               .index_put_({task.train.rows}, at::arange(task.train.size()));
  for (std::int64_t s = 0; s < truth->count; ++s) {
    const Tensor rows = training_set(run.experiment, StageKind::kSubset, s).rows;
    members.push_back(at::zeros({task.train.size()}, at::kBool)
                          .index_fill_(0, positions.index_select(0, rows), true));
  }
  input.members = at::stack(members);
  input.losses = at::stack(losses).view({truth->retrainings, truth->count, task.test.size()});
}

// None where it could not be had of one original; returns why.
std::string add_left_out(const StageRun& run, std::size_t first, AttributionInput& input) {
  for (std::size_t i = first; i < run.stage.inputs.size(); ++i) {
    const std::size_t stage = run.stage.inputs[i];
    const Json report = run.outputs.json(stage, kReportFile);
    if (!report.at("usable").get<bool>()) {
      input.left_out.clear();
      return report.at("message");
    }
    const TensorFile file = run.outputs.tensors(stage, kLeftOutFile);
    input.left_out.push_back(
        {find_tensor(file.tensors, "positions"), find_tensor(file.tensors, "changes")});
  }
  return "";
}

// What choosing settings is by: lds/1 of the tests of one half.
double lds_of(const AttributionInput& all, const std::vector<Tensor>& effects,
              const Tensor& tests) {
  AttributionInput half{.members = all.members, .losses = all.losses.index_select(2, tests)};
  for (const Tensor& effect : effects) half.effects.push_back(effect.index_select(1, tests));
  return lds_of_one_retraining(half);
}

// The effects that a row is judged by. Of several settings each half of the tests has those of the
// setting that is best on the other.
struct ChosenEffects {
  std::vector<Tensor> effects;     // of each original
  std::optional<double> optimism;  // best on all tests, less what is judged
  Json chosen = Json::array();     // what each half chose
};

ChosenEffects choose(const StageRun& run, const AttributionInput& truth, std::size_t originals) {
  const AttributionRow& row = run.experiment.spec.attribution->rows[run.stage.method];
  std::vector<Tensors> of_trial(row.trials.size());
  for (std::size_t s = 0; s < originals; ++s) {
    const Tensors effects = stored_effects(run, run.stage.inputs[s], row.trials.size());
    for (std::size_t t = 0; t < effects.size(); ++t) of_trial[t].push_back(effects[t]);
  }
  Json changed = Json::array();  // what each of those that have effects on all originals sets
  std::size_t whole = 0;
  for (std::size_t t = 0; t < of_trial.size(); ++t) {
    const bool is_whole = std::all_of(of_trial[t].begin(), of_trial[t].end(),
                                      [](const Tensor& each) { return each.defined(); });
    if (!is_whole) continue;
    changed.push_back(row.trials[t].changed);
    std::swap(of_trial[whole++], of_trial[t]);
  }
  of_trial.resize(whole);
  ChosenEffects result;
  if (of_trial.empty()) return result;
  if (!row.is_swept()) {
    result.effects = of_trial.front();
    return result;
  }
  const std::int64_t tests = of_trial.front().front().size(1);
  const Tensor halves[] = {at::arange(0, tests, 2), at::arange(1, tests, 2)};
  const auto best_on = [&](const Tensor& shown) {
    std::vector<double> scores;
    scores.reserve(of_trial.size());
    for (const auto& effects : of_trial) scores.push_back(lds_of(truth, effects, shown));
    const auto best = std::max_element(scores.begin(), scores.end());
    return std::pair(static_cast<std::size_t>(best - scores.begin()), *best);
  };
  for (std::size_t s = 0; s < originals; ++s) {
    result.effects.push_back(at::zeros_like(of_trial.front()[s]));
  }
  for (const int half : {0, 1}) {
    const std::size_t chosen = best_on(halves[1 - half]).first;
    result.chosen.push_back(changed[chosen]);
    for (std::size_t s = 0; s < originals; ++s) {
      const Tensor& judged = halves[half];
      result.effects[s].index_copy_(1, judged, of_trial[chosen][s].index_select(1, judged));
    }
  }
  const Tensor all = at::arange(tests);
  result.optimism = best_on(all).second - lds_of(truth, result.effects, all);
  return result;
}

void run_scoring(const StageRun& run) {
  const auto originals = run.stage.description.at("effects").get<std::size_t>();
  AttributionInput input;
  add_subsets(run, input);
  Json values = Json::object(), chosen;
  std::string problem;
  if (originals > 0) {
    problem = add_left_out(run, originals, input);
    ChosenEffects effects = choose(run, input, originals);
    input.effects = std::move(effects.effects);
    chosen = std::move(effects.chosen);
    if (effects.optimism) {
      values["lds_optimism"] = to_json(Estimate{*effects.optimism, std::nullopt, originals});
    }
  }
  const bool has_effects = originals == 0 || !input.effects.empty();
  for (const std::string& name : run.experiment.spec.measure) {
    if (!has_effects) break;
    const Metric& metric = run.registries.metrics.find(name);
    for (const PooledValue& value : metric.compute_attribution(input)) {
      values[value.column] = to_json(value.estimate);
    }
  }
  write_json(run.folder / kMetricsFile,
             {{"values", values}, {"chosen", chosen}, {"problem", problem}});
}

}  // namespace

StageType score_stage() { return {nullptr, run_scoring}; }

}  // namespace oubli
