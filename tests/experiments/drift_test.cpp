// Data that drift: the oldest leave and the newest come, and metrics are taken by period.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include "core/base/file.h"
#include "tests/support/files.h"
#include "tests/support/program.h"

namespace oubli {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::ProgramResult;
using testing::run_program;
using testing::TemporaryFolder;

// Two clouds that have turned by half a circle in the end.
const char* const kTurning = R"(
title: clouds that turn
data: {name: gaussian_classes, classes: 2, features: 2, examples: 1200, test_examples: 600,
       separation: 3, seed: 4, turned: {degrees: 180, periods: 6}}
model: {name: logistic, dtype: float64}
train: {l2: 1.0e-2, optimizer: {name: lbfgs, tolerance: 1.0e-10}}
edit:
  - {remove: {where: {column: time, before: 1}}, add: {where: {column: time, is: 3}}}
  - {remove: {where: {column: time, before: 2}}, add: {where: {column: time, is: 4}}}
  - {remove: {where: {column: time, before: 3}}, add: {where: {column: time, is: 5}}}
checkpoints: [1, 3]
evaluate:
  sets:
    early: {where: {column: time, before: 3}}
    late: {where: {column: time, at_least: 3}}
methods:
  - retrain
  - newton: {damping: 0.1, steps: 60, solver: direct, damping_control: levenberg_marquardt}
seeds: {training: 2, oracle: 2}
measure: [accuracy, loss, distance, cost]
)";

struct Drift {
  TemporaryFolder scratch;
  std::string file = scratch.write("d.yaml", kTurning), store = scratch.path() / "store",
              output = scratch.path() / "out";

  ProgramResult run(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> words = {"run", file, "--store", store, "--output", output};
    words.insert(words.end(), more.begin(), more.end());
    return run_program(words);
  }
  Json at(int requests) const {
    return Json::parse(read_text_file(fs::path(output) / "checkpoints" / std::to_string(requests) /
                                      "results.json"));
  }
  static double value(const Json& results, const std::string& row, const std::string& column) {
    for (const Json& one : results.at("rows")) {
      if (one.at("name") != row) continue;
      return one.at("cells").at(column).at("mean").get<double>();
    }
    throw Error(ErrorKind::kUsage, "no row " + row);
  }
};

TEST(Drift, AWindowMovesOnAndWhatIsOldIsForgotten) {
  const Drift drift;
  const ProgramResult result = drift.run();
  ASSERT_EQ(result.status, 0) << result.err;
  const Json first = drift.at(1), last = drift.at(3);
  // Periods are as large as each other: three are trained on, at any time.
  EXPECT_NEAR(last.at("sets").at("train").get<double>(), 600, 60);
  EXPECT_NEAR(last.at("sets").at("forget").get<double>(), 600, 60);
  EXPECT_NEAR(last.at("sets").at("added").get<double>(), 600, 60);
  EXPECT_EQ(last.at("sets").at("early").get<int>() + last.at("sets").at("late").get<int>(),
            last.at("sets").at("test").get<int>());
  // On what it was trained on a model is right, and on what has turned by half a circle wrong.
  EXPECT_GT(Drift::value(first, "original", "accuracy/early"), 0.8);
  EXPECT_LT(Drift::value(first, "original", "accuracy/late"), 0.4);
  EXPECT_GT(Drift::value(last, "retrain", "accuracy/late"), 0.8);
  EXPECT_LT(Drift::value(last, "retrain", "accuracy/early"), 0.4);
  // Newton's steps to the end are retraining, whatever leaves and comes.
  for (const Json& results : {first, last}) {
    EXPECT_LT(Drift::value(results, "newton", "distance"), 1e-8);
    EXPECT_GT(Drift::value(results, "original", "distance"), 0.05);
    for (const char* column : {"accuracy/early", "accuracy/late", "loss/early", "loss/late"}) {
      EXPECT_NEAR(Drift::value(results, "newton", column), Drift::value(results, "retrain", column),
                  1e-8)
          << column;
    }
  }
  EXPECT_THAT(read_text_file(fs::path(drift.output) / "rows.csv"), Not(HasSubstr(",late,")));
}

TEST(Drift, SetsAreOfTheMetricsAloneAndMayDecide) {
  const Drift drift;
  ASSERT_EQ(drift.run().status, 0);
  // Another set: models and predictions are there already.
  const std::string late = "evaluate.sets.late={where: {column: time, at_least: 4}}";
  const ProgramResult other = drift.run({"--set", late});
  EXPECT_EQ(other.status, 0) << other.err;
  EXPECT_THAT(other.err, HasSubstr("metrics of newton"));
  EXPECT_THAT(other.err, Not(HasSubstr("predictions of")));
  EXPECT_EQ(drift.run({"--set", "verdict.columns=[accuracy/late]"}).status, 0);
  EXPECT_THAT(drift.run({"--set", "verdict.columns=[accuracy/lat]"}).err,
              HasSubstr("did you mean 'late'"));
  EXPECT_THAT(drift.run({"--set", "evaluate.sets.late={where: {column: tim, is: 3}}"}).err,
              HasSubstr("unknown column 'tim'; did you mean 'time'?"));
  const std::string resolved = fs::path(drift.output) / "resolved.yaml";
  const ProgramResult again =
      run_program({"run", resolved, "--store", drift.store, "--output", drift.output + "2"});
  EXPECT_EQ(again.status, 0) << again.err;
  EXPECT_THAT(again.err, Not(HasSubstr("[1/")));
}

}  // namespace
}  // namespace oubli
