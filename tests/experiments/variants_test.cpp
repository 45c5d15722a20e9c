// Rows whose methods ask for another training stand beside the others, with originals and oracles
// of their own.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <sstream>

#include "tests/support/files.h"
#include "tests/support/program.h"

namespace oubli {
namespace {

using ::testing::HasSubstr;
using testing::ProgramResult;
using testing::run_program;
using testing::TemporaryFolder;

const std::string kPlugin = fmt::format("--plugin={}", OUBLI_CHATTY_PLUGIN);

std::string experiment(const std::string& methods) {
  return R"(
title: variants
data: {name: gaussian_classes, classes: 3, features: 6, examples: 200, test_examples: 60}
model: {name: logistic}
train: {l2: 1.0e-3, optimizer: {name: sgd, lr: 0.5}, epochs: 4, batch_size: 32}
edit: {remove: {random: {fraction: 0.2}}}
seeds: {training: 2, oracle: 3}
measure: [accuracy, loss, divergence, cost]
methods: )" +
         methods + "\n";
}

std::vector<std::string> keys_of(const std::string& file) {
  const ProgramResult check = run_program({"check", file, "--keys", kPlugin});
  EXPECT_EQ(check.status, 0) << check.err;
  std::vector<std::string> keys;
  std::istringstream lines(check.out);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t at = line.find_first_of("0123456789abcdef");
    if (at == std::string::npos || line.size() < at + 64) continue;
    const std::string key = line.substr(at, 64);
    if (key.find_first_not_of("0123456789abcdef") == std::string::npos) keys.push_back(key);
  }
  return keys;
}

TEST(Variants, LeaveTheKeysOfPlainRowsAsTheyWere) {
  const TemporaryFolder scratch;
  const auto plain = keys_of(scratch.write("plain.yaml", experiment("[finetune]")));
  const auto both = keys_of(scratch.write("both.yaml", experiment("[finetune, clipped]")));
  const auto clipped = keys_of(scratch.write("clipped.yaml", experiment("[clipped]")));
  ASSERT_GT(plain.size(), 10u);
  EXPECT_THAT(both, ::testing::IsSupersetOf(plain));
  EXPECT_THAT(both, ::testing::IsSupersetOf(clipped));
  EXPECT_EQ(both.size(), plain.size() + clipped.size());
}

TEST(Variants, EachRowIsHeldAgainstItsOwnOracles) {
  const TemporaryFolder scratch;
  const ProgramResult run = run_program(
      {"run", scratch.write("both.yaml", experiment("[finetune, clipped, {clipped: {as: again}}]")),
       "--store", scratch.path() / "store", "--output", scratch.path() / "out", kPlugin});
  ASSERT_EQ(run.status, 0) << run.err;
  const Json results = Json::parse(testing::read_text(scratch.path() / "out/results.json"));
  std::map<std::string, Json> rows;
  for (const Json& row : results.at("rows")) rows[row.at("name")] = row;
  ASSERT_EQ(rows.size(), 7u) << run.out;
  EXPECT_EQ(rows.at("finetune").at("noise_floor"), "noise floor");
  EXPECT_EQ(rows.at("original").at("noise_floor"), "noise floor");
  for (const char* row : {"clipped", "again", "original (clipped)", "noise floor (clipped)"}) {
    EXPECT_EQ(rows.at(row).at("noise_floor"), "noise floor (clipped)") << row;
  }
  // Clipped training is slow here: its models differ from the others by far.
  const auto loss = [&](const std::string& row) {
    return rows.at(row).at("cells").at("loss/test").at("mean").get<double>();
  };
  EXPECT_GT(loss("original (clipped)"), loss("original") + 0.1);
  EXPECT_GT(loss("noise floor (clipped)"), loss("noise floor") + 0.1);
  EXPECT_LT(loss("clipped"), loss("original (clipped)"));
  // The same method twice shares all models: the rows are equal.
  EXPECT_EQ(rows.at("clipped").at("cells").at("loss/test"),
            rows.at("again").at("cells").at("loss/test"));
  const Json report = rows.at("clipped").at("models")[0].at("report");
  EXPECT_EQ(report.at("details").at("clip_norm"), 0.05);
  // Its models are shared with an experiment where it stands alone.
  const ProgramResult alone =
      run_program({"run", scratch.write("alone.yaml", experiment("[clipped]")), "--store",
                   scratch.path() / "store", "--output", scratch.path() / "alone", kPlugin});
  ASSERT_EQ(alone.status, 0) << alone.err;
  EXPECT_THAT(alone.err, HasSubstr("stages came from the store"));
}

TEST(Variants, ASweepCannotChangeTheTraining) {
  const TemporaryFolder scratch;
  const std::string swept =
      "[{clipped: {sweep: {over: {clip: [0.1, 0.2]}, objective: accuracy/validation}}}]";
  const ProgramResult check =
      run_program({"check", scratch.write("swept.yaml", experiment(swept)), kPlugin});
  EXPECT_EQ(check.status, 2);
  EXPECT_THAT(check.err, HasSubstr("changes how originals are trained"));
}

TEST(Variants, RowsCannotTakeTheNamesOfThoseThatAreAlwaysThere) {
  const TemporaryFolder scratch;
  for (const char* name : {"original", "noise floor", "original (clipped)"}) {
    const ProgramResult check = run_program(
        {"check",
         scratch.write("named.yaml", experiment(fmt::format("[{{finetune: {{as: {}}}}}]", name)))});
    EXPECT_EQ(check.status, 2) << name;
    EXPECT_THAT(check.err, HasSubstr("as: ..."));
  }
}

}  // namespace
}  // namespace oubli
