// Takes the metrics of all models of a row together, with the half-width of a jackknife over
// training seeds.
#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "core/evaluate/statistics/jackknife.h"
#include "experiments/engine/run/stages/stage_type.h"

namespace oubli {
namespace {

// What is the same without any one seed does not depend on them, and has no interval over them.
Estimate interval_of(double value, const std::vector<double>& left_out) {
  const auto same = [&](double other) { return other == left_out.front(); };
  if (std::all_of(left_out.begin(), left_out.end(), same)) {
    return {value, std::nullopt, left_out.size()};
  }
  return jackknife(value, left_out);
}

Json values_together(const StageRun& run, const std::vector<StageMember>& all) {
  const std::vector<ModelOutcome> models = run.outputs.outcomes(run.stage, ModelRole::kModel);
  const std::vector<ModelOutcome> oracles = run.outputs.outcomes(run.stage, ModelRole::kOracle);
  const std::vector<ModelOutcome> apart =
      run.outputs.outcomes(run.stage, ModelRole::kControlOracle);
  const Evaluation evaluation = run.outputs.evaluation(run.experiment.metric_sets(), {},
                                                       run.plan.stages[all.front().model].variant);
  std::set<std::int64_t> seeds;
  for (const StageMember& member : all) seeds.insert(member.seed);
  const auto without = [&](std::optional<std::int64_t> seed) {
    PopulationInput input{.evaluation = evaluation,
                          .oracles = pointers_to(oracles),
                          .control_oracles = pointers_to(apart)};
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (all[i].seed != seed) input.models.push_back(&models[i]);
    }
    return input;
  };
  Json values = Json::object();
  for (const std::string& name : run.experiment.spec.measure) {
    const Metric& metric = run.registries.metrics.find(name);
    if (!metric.compute_population) continue;
    std::map<std::string, std::vector<double>> left_out;
    for (const std::int64_t seed : seeds) {
      for (const MetricValue& value : metric.compute_population(without(seed))) {
        left_out[value.column].push_back(value.value);
      }
    }
    for (const MetricValue& value : metric.compute_population(without(std::nullopt))) {
      values[value.column] = to_json(interval_of(value.value, left_out[value.column]));
    }
  }
  return values;
}

void run_comparison(const StageRun& run) {
  const std::vector<StageMember> all = run.stage.members_of(ModelRole::kModel);
  const bool usable = std::all_of(all.begin(), all.end(),
                                  [&](const StageMember& one) { return run.outputs.usable(one); });
  write_json(run.folder / kMetricsFile,
             {{"values", usable ? values_together(run, all) : Json::object()}});
}

}  // namespace

StageType compare_stage() { return {nullptr, run_comparison}; }

}  // namespace oubli
