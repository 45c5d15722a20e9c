// Attribution through the program: a file with `attribution` in the place of an edit.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "core/base/json.h"
#include "core/nn/tensor_file.h"
#include "tests/support/program.h"
#include "tests/support/temporary_folder.h"

namespace oubli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const char* const kFile = R"(
data: {name: digits, limit: {train: 200, test: 30}}
model: logistic
train: {optimizer: {name: sgd, lr: 0.1}, epochs: 4, batch_size: 20}
seeds: {training: 2}
attribution:
  subsets: {count: 8, fraction: 0.5, retrainings: 2}
  leave_one_out: {random: 3, largest: 2, of: exact}
  methods:
    - influence_function: {curvature: hessian, damping: 0.1, as: exact}
    - influence_function: {sweep: {over: {damping: [1, 0.1]}}, as: tuned}
    - unrolled
    - gradient_dot
)";

class AttributionRun : public ::testing::Test {
 protected:
  testing::ProgramResult run(const std::string& text,
                             const std::vector<std::string>& more = {}) const {
    const auto file = folder_.write("file.yaml", text);
    std::vector<std::string> arguments = {"run", file.string(), "--output",
                                          (folder_ / "out").string()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    if (std::find(more.begin(), more.end(), "--store") == more.end()) {
      arguments.insert(arguments.end(), {"--store", (folder_ / "store").string()});
    }
    return testing::run_program(arguments);
  }
  static std::string with(const std::string& line) { return std::string(kFile) + line + "\n"; }

  testing::TemporaryFolder folder_;
};

TEST_F(AttributionRun, HoldsEffectsToRetrainedModels) {
  const testing::ProgramResult outcome = run(kFile, {"--keep-models"});
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("LDS (2)"));
  EXPECT_THAT(outcome.out, HasSubstr("ceiling"));
  EXPECT_THAT(outcome.out, HasSubstr("tuned: each half of the tests is judged by what the other"));
  EXPECT_THAT(outcome.out, Not(HasSubstr("verdict")));
  EXPECT_THAT(outcome.out, Not(HasSubstr("POWER CHECK")));
  const Json results = Json::parse(testing::read_text(folder_.path() / "out" / "results.json"));
  const Json& rows = results.at("rows");
  ASSERT_EQ(rows.size(), 5);
  EXPECT_EQ(rows[2].at("name"), "unrolled");
  const TensorFile effects =
      read_tensors(folder_.path() / "out" / "models" / "exact" / "1.safetensors");
  EXPECT_EQ(effects.tensors.size(), 3);  // and the rows of both sides
  // A second run finds all of it.
  EXPECT_THAT(run(kFile).err, HasSubstr("stages came from the store"));
}

TEST_F(AttributionRun, IsTheSameWithAnyNumberOfWorkers) {
  run(kFile, {"--jobs", "1"});
  const std::string one = testing::read_text(folder_.path() / "out" / "cells.csv");
  const testing::ProgramResult outcome =
      run(kFile, {"--jobs", "2", "--store", (folder_.path() / "other").string()});
  EXPECT_EQ(outcome.status, 0);
  const auto without_seconds = [](const std::string& text) {
    std::istringstream lines(text);
    std::string kept;
    for (std::string line; std::getline(lines, line);) {
      if (line.find("seconds") == std::string::npos) kept += line + "\n";
    }
    return kept;
  };
  EXPECT_EQ(without_seconds(testing::read_text(folder_.path() / "out" / "cells.csv")),
            without_seconds(one));
}

TEST_F(AttributionRun, SaysWhatDoesNotStandBesideIt) {
  EXPECT_THAT(run(with("edit: {remove: {random: {count: 5}}}")).err,
              HasSubstr("'edit' does not stand beside it"));
  EXPECT_THAT(run(with("methods: [finetune]")).err,
              HasSubstr("'methods' does not stand beside it"));
  EXPECT_THAT(run(with("measure: [accuracy]")).err,
              HasSubstr("the metric 'accuracy' is not for an experiment with 'attribution'"));
  EXPECT_THAT(run(kFile, {"--set", "attribution.methods=[gradient_dott]"}).err,
              HasSubstr("did you mean 'gradient_dot'?"));
  EXPECT_THAT(run(kFile, {"--set", "attribution.methods=[gradient_dot, gradient_dot]"}).err,
              HasSubstr("there is a row 'gradient_dot' already"));
  EXPECT_THAT(run(kFile, {"--set", "attribution.leave_one_out.of=exct"}).err,
              HasSubstr("did you mean 'exact'?"));
  EXPECT_THAT(run(kFile, {"--set", "attribution.tests=[30]"}).err,
              HasSubstr("there is no test 30: the test set has 30 examples"));
  EXPECT_THAT(run(kFile, {"--set", "attribution.leave_one_out.random=0"}).err,
              HasSubstr("needs three examples or more"));
}

TEST_F(AttributionRun, IsNothingForCommandsThatEditOrGoBySeed) {
  run(kFile);
  const std::string out = (folder_ / "out").string();
  for (const std::vector<std::string>& command :
       {std::vector<std::string>{"rank", out, "--by", "lds/1"},
        {"compare", out, out},
        {"variance", out}}) {
    EXPECT_THAT(testing::run_program(command).err, HasSubstr("holds an attribution"));
  }
  EXPECT_EQ(testing::run_program({"show", out}).status, 0);
  EXPECT_THAT(testing::run_program({"apply", (folder_ / "file.yaml").string(), "--method", "exact",
                                    "--output", (folder_ / "edited").string()})
                  .err,
              HasSubstr("edits nothing"));
}

TEST_F(AttributionRun, AsksAboutTheTestsThatAreNamed) {
  const auto values = [&](const std::string& tests) {
    run(kFile, {"--set", "attribution.tests=" + tests});
    return testing::read_text(folder_ / "out" / "cells.csv");
  };
  EXPECT_NE(values("[1, 2]"), values("[3, 4]")) << "one store must not mistake them";
}

TEST_F(AttributionRun, RefusesWhatCannotBeScored) {
  const auto refused = [&](const std::vector<std::string>& sets) {
    std::vector<std::string> more;
    for (const std::string& each : sets) more.insert(more.end(), {"--set", each});
    return run(kFile, more).err;
  };
  EXPECT_THAT(refused({"attribution.tests=[1]"}), HasSubstr("ask about two or more"));
  EXPECT_THAT(refused({"attribution.subsets.fraction=0.001"}), HasSubstr("neither none nor all"));
  EXPECT_THAT(refused({"attribution={methods: [gradient_dot], leave_one_out: {random: 3}}",
                       "measure=[lds]"}),
              HasSubstr("add `subsets: {count: 50}`"));
  EXPECT_THAT(refused({"train.optimizer.name=adam"}), HasSubstr("'unrolled': unrolled goes back"));
  EXPECT_THAT(refused({"attribution.methods.gradient_dot.as=original"}),
              HasSubstr("a row cannot be named 'original'"));
}

TEST_F(AttributionRun, SaysWhyARowHasNoEffects) {
  const testing::ProgramResult outcome =
      run(kFile, {"--set", "attribution.methods=[{trak: {dimension: 500}}, gradient_dot]", "--set",
                  "attribution.leave_one_out={random: 3}"});
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("refused 2/2"));
  EXPECT_THAT(outcome.out, HasSubstr("do not span 500"));
}

}  // namespace
}  // namespace oubli
