#include "experiments/engine/plan/attribution_plan.h"

#include <fmt/format.h>

#include <optional>

#include "experiments/engine/plan/stage_maker.h"

namespace oubli {

namespace {

// What a row cannot do is known before anything is trained.
void require_fitting(const Experiment& experiment) {
  const Model model = experiment.make_model();
  const Task& task = experiment.task;
  const AttributionTask asked{task.train, task.test, task.recipe, Generator(0)};
  for (const AttributionRow& row : experiment.spec.attribution->rows) {
    try {
      for (const AttributionTrial& trial : row.trials) {
        trial.attributor->require_fitting(model, asked);
      }
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::kTask) throw;
      fail_at(row.origin, fmt::format("'{}': {}.", row.name, error.what()));
    }
  }
}

}  // namespace

Plan attribution_plan(const Experiment& experiment, const Registry<Metric>& metrics) {
  const Spec& spec = experiment.spec;
  const AttributionSpec& asked = *spec.attribution;
  require_fitting(experiment);
  StageMaker stages(experiment, metrics);
  StageNumbers originals;
  for (std::int64_t s = 0; s < spec.seeds.training; ++s) {
    originals.push_back(stages.train(StageKind::kTrain, s, 0));
  }
  StageGroup subsets;
  if (asked.subsets) {
    StageNumbers models;
    for (std::int64_t k = 0; k < asked.subsets->count * asked.subsets->retrainings; ++k) {
      models.push_back(stages.train(StageKind::kSubset, k, 0));
    }
    subsets = stages.group_of(models);
  }
  std::vector<StageNumbers> effects;
  for (std::size_t row = 0; row < asked.rows.size(); ++row) {
    effects.emplace_back();
    for (std::size_t s = 0; s < originals.size(); ++s) {
      effects.back().push_back(stages.attribute(row, originals[s], static_cast<std::int64_t>(s)));
    }
  }
  StageNumbers left_out;
  for (std::size_t s = 0; asked.left_out && s < originals.size(); ++s) {
    const std::optional<std::size_t> largest =
        asked.left_out->of ? std::optional(effects[*asked.left_out->of][s]) : std::nullopt;
    left_out.push_back(stages.left_out(originals[s], largest, static_cast<std::int64_t>(s)));
  }
  std::vector<PlannedRow> rows;
  for (std::size_t row = 0; row < asked.rows.size(); ++row) {
    PlannedRow planned{asked.rows[row].name};
    for (std::size_t s = 0; s < originals.size(); ++s) {
      planned.models.push_back({static_cast<std::int64_t>(s), 0, effects[row][s], effects[row][s]});
    }
    planned.compare = stages.score(row, effects[row], left_out, subsets);
    rows.push_back(std::move(planned));
  }
  if (asked.subsets && asked.subsets->retrainings > 1) {
    PlannedRow ceiling{kCeilingRow};
    ceiling.compare = stages.score(std::nullopt, {}, {}, subsets);
    rows.push_back(std::move(ceiling));
  }
  Plan plan = stages.take();
  plan.rows = std::move(rows);
  return plan;
}

}  // namespace oubli
