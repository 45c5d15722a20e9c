#include "experiments/engine/run/trials.h"

#include <gmock/gmock.h>

#include "core/base/settings_file.h"
#include "methods/builtin.h"
#include "tests/support/files.h"

namespace oubli {
namespace {

using ::testing::HasSubstr;

Sweep sweep_with(const std::string& settings) {
  const Methods methods = builtin_methods();
  return read_sweep(
      parse_settings(settings, "test.yaml"), builtin_metrics(),
      [&](const Settings& trial) { return methods.find("finetune").make(trial, methods); });
}

TEST(Sweep, TheBestIsLowestHighestOrClosestToTheOracles) {
  Sweep sweep = sweep_with("{sweep: {over: {epochs: [1, 2, 3, 4]}}}");
  const std::vector<TrialResult> results = {{std::nullopt, 1, 1, "diverged"}, {0.4}, {0.1}, {0.3}};
  sweep.better = GoodSide::kLower;
  EXPECT_EQ(best_trial(sweep, results, 0), 2u);
  sweep.better = GoodSide::kHigher;
  EXPECT_EQ(best_trial(sweep, results, 0), 1u);
  sweep.better = GoodSide::kOracle;
  EXPECT_EQ(best_trial(sweep, results, 0.28), 3u);
  const std::string message = testing::error_of(ErrorKind::kNumerics, [&] {
    best_trial(sweep, {{std::nullopt, 1, 1, "diverged"}}, 0);
  });
  EXPECT_THAT(message, HasSubstr("diverged"));
}

TEST(Sweep, ABudgetEndsItAfterTheTrialThatSpendsIt) {
  const auto trials_run = [](const std::string& budget) {
    const Sweep sweep =
        sweep_with("{sweep: {over: {epochs: [1, 2, 3, 4]}, budget: {" + budget + "}}}");
    return run_trials(sweep, sweep.budget(/*retraining_cost=*/8),
                      [](const Trial&) {
                        return TrialResult{1.0, 10, 2, ""};
                      })
        .size();
  };
  EXPECT_EQ(trials_run(""), 4u);
  EXPECT_EQ(trials_run("sample_gradients: 20"), 2u);
  EXPECT_EQ(trials_run("sample_gradients: 21"), 3u);
  EXPECT_EQ(trials_run("retrainings: 1"), 1u);
  EXPECT_EQ(trials_run("retrainings: 2.6"), 3u);
}

}  // namespace
}  // namespace oubli
