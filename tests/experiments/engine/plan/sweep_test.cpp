#include "experiments/engine/plan/sweep.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <set>

#include "core/base/settings_file.h"
#include "methods/builtin.h"
#include "tests/support/files.h"

namespace oubli {
namespace {

using ::testing::HasSubstr;

Sweep sweep_of(const std::string& method, const std::string& settings) {
  const Methods methods = builtin_methods();
  return read_sweep(
      parse_settings(settings, "test.yaml"), builtin_metrics(),
      [&](const Settings& trial) { return methods.find(method).make(trial, methods); });
}

std::string error_in(const std::string& settings) {
  return testing::error_of(ErrorKind::kSettings, [&] { sweep_of("finetune", settings); });
}

TEST(Sweep, AGridHoldsEveryCombinationTheLastFastest) {
  const Sweep sweep =
      sweep_of("finetune", "{momentum: 0.5, sweep: {over: {lr: [0.1, 0.2], epochs: [1, 2, 3]}}}");
  ASSERT_EQ(sweep.trials.size(), 6u);
  EXPECT_EQ(sweep.trials[1].changed, Json({{"lr", 0.1}, {"epochs", 2}}));
  EXPECT_EQ(sweep.trials[3].changed, Json({{"lr", 0.2}, {"epochs", 1}}));
  for (const Trial& trial : sweep.trials) EXPECT_EQ(trial.settings.at("momentum"), 0.5);
  EXPECT_EQ(sweep.trials[5].settings.at("epochs"), 3);
}

TEST(Sweep, AListIsTriedAsItStands) {
  const Sweep sweep =
      sweep_of("finetune", "{lr: 0.3, sweep: {list: [{epochs: 1}, {lr: 0.2, epochs: 4}]}}");
  ASSERT_EQ(sweep.trials.size(), 2u);
  EXPECT_EQ(sweep.trials[0].settings.at("lr"), 0.3);
  EXPECT_EQ(sweep.trials[1].settings.at("lr"), 0.2);
}

TEST(Sweep, RandomTrialsStayInTheirRangesAndRepeat) {
  const std::string text =
      "{sweep: {search: random, trials: 200, over: {lr: {from: 1.0e-3, to: 1.0, scale: log}, "
      "epochs: {from: 1, to: 4}, momentum: [0.0, 0.9]}}}";
  const Sweep sweep = sweep_of("finetune", text);
  ASSERT_EQ(sweep.trials.size(), 200u);
  std::set<std::int64_t> epochs;
  int below = 0;
  for (const Trial& trial : sweep.trials) {
    const double lr = trial.settings.at("lr");
    EXPECT_GE(lr, 0.999e-3);
    EXPECT_LE(lr, 1.001);
    below += lr < std::sqrt(1e-3);
    epochs.insert(trial.settings.at("epochs").get<std::int64_t>());
  }
  // Half of them below the geometric mean, within four standard deviations.
  EXPECT_NEAR(below, 100, 4 * std::sqrt(50));
  EXPECT_EQ(epochs, (std::set<std::int64_t>{1, 2, 3, 4}));
  const Sweep again = sweep_of("finetune", text);
  for (std::size_t i = 0; i < sweep.trials.size(); ++i) {
    EXPECT_EQ(again.trials[i].settings, sweep.trials[i].settings);
  }
}

// A record says all that each trial is; what tells trials apart is what changed, then too.
TEST(Sweep, IsRecordedWhole) {
  const Sweep sweep = sweep_of("finetune", "{lr: 0.3, sweep: {over: {epochs: [1, 2]}}}");
  const Json& list = sweep.resolved.at("list");
  ASSERT_EQ(list.size(), 2u);
  EXPECT_EQ(list[1].at("lr"), 0.3);
  EXPECT_EQ(list[1].at("momentum"), 0.9);
  const Sweep again = sweep_of("finetune", to_yaml({{"sweep", sweep.resolved}}));
  EXPECT_EQ(again.resolved, sweep.resolved);
  EXPECT_EQ(again.trials[1].changed, Json({{"epochs", 2}}));
}

TEST(Sweep, KnowsWhetherItsObjectiveReadsOracles) {
  for (const auto& [objective, reads] :
       {std::pair("brier/validation", false), std::pair("avg_gap/validation", true),
        std::pair("loss/validation", true)}) {
    const Sweep sweep = sweep_of(
        "finetune", fmt::format("{{sweep: {{over: {{lr: [0.1]}}, objective: {}}}}}", objective));
    EXPECT_EQ(sweep.reads_oracles, reads) << objective;
  }
}

TEST(Sweep, BadSettingsAreErrorsWhereTheyStand) {
  EXPECT_THAT(error_in("{sweep: {over: {lr: [0.1, -1.0]}}}"), HasSubstr("test.yaml:1:"));
  EXPECT_THAT(error_in("{sweep: {over: {rl: [0.1]}}}"), HasSubstr("lr"));
  EXPECT_THAT(error_in("{sweep: {over: {lr: 0.1}}}"), HasSubstr("list of values"));
  EXPECT_THAT(error_in("{sweep: {over: {lr: {from: 0.1, to: 1}}}}"), HasSubstr("search: random"));
  EXPECT_THAT(error_in("{sweep: {}}"), HasSubstr("'over' or 'list'"));
  EXPECT_THAT(error_in("{sweep: {over: {lr: [0.1]}, list: [{lr: 0.1}]}}"), HasSubstr("not both"));
  EXPECT_THAT(error_in("{sweep: {over: {lr: [0.1]}, objective: loss/test}}"),
              HasSubstr("cannot be an objective"));
  EXPECT_THAT(error_in("{sweep: {over: {lr: [0.1]}, objective: lira_auc}}"),
              HasSubstr("more than one edited model"));
  for (const char* derived : {"layer_distance", "tow_mia"}) {
    EXPECT_THAT(error_in(fmt::format("{{sweep: {{over: {{lr: [0.1]}}, objective: {}}}}}", derived)),
                HasSubstr("made from columns"));
  }
  EXPECT_THAT(error_in("{sweep: {over: {lr: [0.1]}, objektive: kl/forget}}"),
              HasSubstr("objective"));
}

}  // namespace
}  // namespace oubli
