// The stages of a plan that ask which training examples count.
#include <fmt/format.h>

#include "core/base/hash.h"
#include "experiments/engine/plan/stage_maker.h"

namespace oubli {

std::size_t StageMaker::attribute(std::size_t row, std::size_t original,
                                  std::int64_t training_seed) {
  const AttributionRow& asked = experiment_.spec.attribution->rows[row];
  Stage stage;
  stage.kind = StageKind::kAttribute;
  stage.label = fmt::format("{}, original {}", asked.name, training_seed);
  stage.inputs = {original};
  stage.method = row;
  stage.training_seed = training_seed;
  stage.shared_description = prediction_;
  stage.description = {{"attributor", asked.attributor},
                       {"version", asked.info.version},
                       {"training_seed", training_seed}};
  if (!asked.info.file_hash.empty()) stage.description["attributor_file"] = asked.info.file_hash;
  const Task& task = experiment_.task;
  for (const AttributionTrial& trial : asked.trials) {
    stage.description["settings"].push_back(trial.settings);
    stage.cost += trial.attributor->estimate_cost(
        {task.train, task.test, experiment_.spec.recipe, Generator(0)});
  }
  return stages_.add(std::move(stage));
}

std::size_t StageMaker::left_out(std::size_t original, std::optional<std::size_t> effects,
                                 std::int64_t training_seed) {
  const LeaveOneOutTruth& truth = *experiment_.spec.attribution->left_out;
  Stage stage;
  stage.kind = StageKind::kLeftOut;
  stage.label = fmt::format("examples left out of original {}", training_seed);
  stage.inputs = {original};
  if (effects) stage.inputs.push_back(*effects);
  stage.training_seed = training_seed;
  stage.shared_description = prediction_;
  constexpr int kVersion = 2;  // of leave_one_out.h
  stage.description = {{"version", kVersion},
                       {"random", truth.random},
                       {"largest", truth.largest},
                       {"training_seed", training_seed}};
  stage.cost = static_cast<double>(truth.random + truth.largest) * experiment_.retraining_cost();
  return stages_.add(std::move(stage));
}

std::size_t StageMaker::score(std::optional<std::size_t> row, const StageNumbers& effects,
                              const StageNumbers& left_out, const StageGroup& subsets) {
  const AttributionSpec& asked = *experiment_.spec.attribution;
  Stage stage;
  stage.kind = StageKind::kScore;
  stage.label = fmt::format("scores of {}", row ? asked.rows[*row].name : kCeilingRow);
  stage.inputs = effects;
  stage.inputs.insert(stage.inputs.end(), left_out.begin(), left_out.end());
  if (row) stage.method = *row;
  if (subsets) stage.members[ModelRole::kOracle] = {subsets};
  stage.shared_description = evaluation_;
  stage.description = {{"effects", effects.size()}};
  if (row) {
    for (const AttributionTrial& trial : asked.rows[*row].trials) {
      stage.description["trials"].push_back(trial.changed);
    }
    if (asked.rows[*row].is_swept()) stage.description["lds"] = lds_version_;
  }
  return stages_.add(std::move(stage));
}

}  // namespace oubli
