#include "experiments/engine/run/trials.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace oubli {

std::vector<TrialResult> run_trials(const Sweep& sweep, double budget,
                                    const std::function<TrialResult(const Trial&)>& run) {
  std::vector<TrialResult> results;
  double sample_gradients = 0;
  for (const Trial& trial : sweep.trials) {
    results.push_back(run(trial));
    sample_gradients += results.back().sample_gradients;
    if (sample_gradients >= budget) break;
  }
  return results;
}

std::size_t best_trial(const Sweep& sweep, const std::vector<TrialResult>& results, double oracle) {
  const auto badness = [&](const TrialResult& result) {
    if (!result.value) return std::numeric_limits<double>::infinity();
    if (sweep.better == GoodSide::kLower) return *result.value;
    if (sweep.better == GoodSide::kHigher) return -*result.value;
    return std::abs(*result.value - oracle);
  };
  const auto best = std::min_element(
      results.begin(), results.end(),
      [&](const TrialResult& a, const TrialResult& b) { return badness(a) < badness(b); });
  if (best == results.end() || !best->value) {
    throw Error(ErrorKind::kNumerics,
                fmt::format("no trial of the sweep has a value of {}{}", sweep.objective,
                            best == results.end() || best->message.empty()
                                ? ""
                                : fmt::format(": {}", best->message)));
  }
  return static_cast<std::size_t>(best - results.begin());
}

Json report_of_sweep(const Sweep& sweep, const std::vector<TrialResult>& results, double oracle) {
  Json trials = Json::array();
  double sample_gradients = 0, seconds = 0;
  for (std::size_t i = 0; i < results.size(); ++i) {
    const TrialResult& result = results[i];
    trials.push_back({{"changed", sweep.trials[i].changed},
                      {"settings", sweep.trials[i].settings},
                      {"status", result.status},
                      {"message", result.message},
                      {"value", result.value ? Json(*result.value) : Json(nullptr)},
                      {"sample_gradients", result.sample_gradients},
                      {"seconds", result.seconds}});
    sample_gradients += result.sample_gradients;
    seconds += result.seconds;
  }
  return {{"objective", sweep.objective},
          {"asked", sweep.trials.size()},
          {"chosen", best_trial(sweep, results, oracle)},
          {"trials", trials},
          {"sample_gradients", sample_gradients},
          {"seconds", seconds}};
}

}  // namespace oubli
