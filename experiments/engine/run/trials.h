// The trials of a sweep (sweep.h in plan/): what became of each, and which is the best.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "experiments/engine/plan/sweep.h"

namespace oubli {

// What became of one trial.
struct TrialResult {
  std::optional<double> value;  // of the objective; absent where the method failed or diverged
  double sample_gradients = 0;
  double seconds = 0;
  std::string message = {};
  std::string status = {};  // of the method's report
};

// Runs trials until a budget is spent (Sweep::budget). `run` answers for one.
std::vector<TrialResult> run_trials(const Sweep& sweep, double budget,
                                    const std::function<TrialResult(const Trial&)>& run);

// The number of the best trial; `oracle` is the oracles' own value, used where the objective is to
// be close to it. Of equals the first. Error(kNumerics) where no trial has a value.
std::size_t best_trial(const Sweep& sweep, const std::vector<TrialResult>& results, double oracle);

// What is kept of a sweep: every trial, the number of the best, and what all of them cost.
Json report_of_sweep(const Sweep& sweep, const std::vector<TrialResult>& results, double oracle);

}  // namespace oubli
