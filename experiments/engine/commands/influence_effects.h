// The effects of training examples on one prediction, for `oubli influence`.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/base/json.h"
#include "core/unlearn/influence_scores.h"
#include "experiments/engine/plan/experiment.h"
#include "experiments/engine/report/result_folder.h"

namespace oubli {

// What was found of one training example.
struct Effect {
  std::int64_t row = 0;
  double predicted = 0;
  std::optional<double> retrained = {};
};

// All training examples, the largest effects first.
std::vector<Effect> effects_in_order(const InfluenceScores& scores, const Subset& train);

// Writes all of them with every digit: influence-test-N.csv and .json beside the results of runs;
// `summary` is what the latter says beside them. Returns the path without its ending.
std::filesystem::path write_effects(const ResultFolder& output, std::int64_t number,
                                    const Experiment& experiment, const std::vector<Effect>& all,
                                    Json summary);

// The label of a row; where it is a wrong one, the true label too.
std::string label_text(const Dataset& data, std::int64_t row);

}  // namespace oubli
