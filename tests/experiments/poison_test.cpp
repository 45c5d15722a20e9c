// Bad data through the real program: a backdoor that is known in part, and a bias.
#include <gmock/gmock.h>

#include "core/base/file.h"
#include "tests/support/files.h"
#include "tests/support/program.h"

namespace oubli {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using testing::run_program;

struct Outcome {
  testing::TemporaryFolder scratch;
  Json results;
  std::string out;

  explicit Outcome(const std::string& yaml) {
    const std::string output = scratch.path() / "out";
    const testing::ProgramResult result =
        run_program({"run", scratch.write("e.yaml", yaml), "--store", scratch.path() / "store",
                     "--output", output});
    EXPECT_EQ(result.status, 0) << result.err;
    out = result.out;
    results = Json::parse(read_text_file(fs::path(output) / "results.json"));
  }
  double value(const std::string& row, const std::string& column) const {
    for (const Json& one : results.at("rows")) {
      if (one.at("name") == row) return one.at("cells").at(column).at("mean").get<double>();
    }
    ADD_FAILURE() << "no row " << row;
    return 0;
  }
  std::string file(const std::string& name) const {
    return read_text_file(scratch.path() / "out" / name);
  }
};

const char* const kTraining =
    "train: {l2: 1.0e-4, optimizer: {name: sgd, lr: 0.1, momentum: 0.9}, epochs: 20, "
    "batch_size: 64}\n"
    "methods: [retrain, finetune: {epochs: 2, lr: 0.05}]\n"
    "seeds: {training: 2, oracle: 3}\n";

// The oracles never saw the patch. Retraining on all but what is known keeps the door open, as does
// every method that trusts its retain set.
TEST(Poison, WhatIsUnknownKeepsTheDoorOpen) {
  const Outcome run(
      std::string("data: {name: digits}\nmodel: {name: mlp, hidden: [64]}\n"
                  "edit: {remove: {backdoor: {fraction: 0.1, target: 0}, known: 0.3}}\n"
                  "measure: [accuracy, backdoor, divergence]\n") +
      kTraining);
  EXPECT_EQ(run.results.at("sets").at("forget"), 35);
  EXPECT_EQ(run.results.at("sets").at("unknown"), 82);
  EXPECT_EQ(run.results.at("sets").at("retain"), 1294 - 117);
  EXPECT_GT(run.value("original", "attack_success"), 0.9);
  EXPECT_GT(run.value("retrain", "attack_success"), 0.9);
  EXPECT_LT(run.value("noise floor", "attack_success"), 0.05);
  EXPECT_GT(run.value("retrain", "accuracy/unknown"), 0.9);
  EXPECT_LT(run.value("noise floor", "accuracy/unknown"), 0.1);
  EXPECT_GT(run.value("noise floor", "accuracy/unknown_true"), 0.8);
  EXPECT_GT(run.value("noise floor", "accuracy/triggered"), 0.8);
  EXPECT_GT(run.value("original", "kl/unknown"), 10 * run.value("noise floor", "kl/unknown"));
  EXPECT_THAT(run.out, HasSubstr("accuracy/unknown"));
  EXPECT_THAT(run.out, HasSubstr("attack_success"));
  EXPECT_THAT(run.file("rows.csv"), HasSubstr("1797,triggered,"));
  EXPECT_THAT(run.file("rows.csv"), HasSubstr(",unknown,0,"));
}

// All bad labels known: retraining on the others is what oracles do.
TEST(Poison, ABiasIsSeenBetweenGroups) {
  const Outcome run(
      std::string("data: {name: two_groups}\nmodel: {name: mlp, hidden: [16]}\n"
                  "edit: {remove: {biased: {group: {where: {column: group, is: [b]}}, from: "
                  "granted, to: refused, fraction: 0.6}}}\nmeasure: [accuracy, group_gaps]\n") +
      kTraining);
  EXPECT_FALSE(run.results.at("sets").contains("unknown"));
  EXPECT_LT(run.value("original", "opportunity_gap"), -0.3);
  EXPECT_LT(run.value("original", "parity_gap"), -0.2);
  EXPECT_NEAR(run.value("retrain", "opportunity_gap"), run.value("noise floor", "opportunity_gap"),
              0.05);
  EXPECT_GT(run.value("noise floor", "opportunity_gap"), -0.12);
  EXPECT_NEAR(run.value("original", "accuracy_gap"),
              run.value("original", "accuracy/group") - run.value("original", "accuracy/others"),
              1e-12);
}

}  // namespace
}  // namespace oubli
