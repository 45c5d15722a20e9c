// End to end: what a language model believes, through the real program.
#include <gtest/gtest.h>

#include "core/base/file.h"
#include "core/base/json.h"
#include "tests/support/files.h"
#include "tests/support/program.h"

namespace oubli {
namespace {

using testing::run_program;

const char* const kChange = R"(
title: a small world
data: {name: biographies, people: 15, held_out: 0.2}
model: {name: gpt, layers: 1, width: 16, heads: 2}
train: {optimizer: {name: adamw, lr: 1.0e-2}, epochs: 4, batch_size: 32}
edit: {change: {facts: {count: 8}}}
methods: [retrain]
seeds: {training: 1, oracle: 3}
measure: [accuracy, loss, token_loss, beliefs, learnt_bits, oracle_distance, membership,
          privacy_leak, truth_ratio, model_utility, memorisation, rtt, calibration, gaps,
          mia_svc, streisand]
rtt: {epochs: 2}
)";

TEST(LanguageMetrics, AllRowsHaveTheirValues) {
  const testing::TemporaryFolder scratch;
  const std::filesystem::path output = scratch.path() / "out";
  const testing::ProgramResult result =
      run_program({"run", scratch.write("change.yaml", kChange), "--store",
                   scratch.path() / "store", "--output", output});
  ASSERT_EQ(result.status, 0) << result.err;
  const Json results = Json::parse(read_text_file(output / "results.json"));
  ASSERT_EQ(results.at("rows").size(), 3u);
  for (const Json& row : results.at("rows")) {
    const Json& cells = row.at("cells");
    for (const char* column : {"accuracy/added_reworded",
                               "token_loss/text",
                               "token_loss/retain",
                               "efficacy/added",
                               "efficacy/added_reworded",
                               "magnitude/added",
                               "learnt_bits/forget",
                               "bits_in_all",
                               "oracle_distance",
                               "truth_ratio/forget_reworded",
                               "truth_score/test",
                               "tofu_forget_quality",
                               "tofu_forget_quality_least",
                               "tofu_forget_quality_most",
                               "model_utility",
                               "extraction_strength/text",
                               "exact_memorisation/forget",
                               "rtt_recall",
                               "rtt_loss",
                               "rtt_recall_first",
                               "rtt_loss_first",
                               "rtt_taught"}) {
      ASSERT_TRUE(cells.contains(column)) << row.at("name") << " " << column;
      EXPECT_TRUE(cells.at(column).at("mean").is_number()) << row.at("name") << " " << column;
    }
    const double quality = cells.at("tofu_forget_quality").at("mean");
    EXPECT_LE(cells.at("tofu_forget_quality_least").at("mean"), quality);
    EXPECT_GE(cells.at("tofu_forget_quality_most").at("mean"), quality);
    EXPECT_GT(cells.at("oracle_distance").at("mean"), 0);
    // The people of whom facts change are known by others; those whom nobody knows are no match.
    EXPECT_FALSE(cells.contains("privacy_leak_loss") || cells.contains("membership_auc/forget"));
  }
}

TEST(LanguageMetrics, PeopleWhoLeaveAreHeldAgainstOnesWhomNobodyKnows) {
  const testing::TemporaryFolder scratch;
  std::string text = kChange;
  const std::string change = "change: {facts: {count: 8}}";
  text.replace(text.find(change), change.size(), "remove: {subjects: {count: 3}}");
  const std::filesystem::path output = scratch.path() / "out";
  const testing::ProgramResult result =
      run_program({"run", scratch.write("remove.yaml", text), "--store", scratch.path() / "store",
                   "--output", output});
  ASSERT_EQ(result.status, 0) << result.err;
  const Json results = Json::parse(read_text_file(output / "results.json"));
  for (const Json& row : results.at("rows")) {
    for (const char* column : {"membership_auc/forget", "privacy_leak_loss", "privacy_leak_20",
                               "privacy_leak_40", "mia_efficacy", "rtt_recall"}) {
      EXPECT_TRUE(row.at("cells").contains(column)) << row.at("name") << " " << column;
    }
    EXPECT_FALSE(row.at("cells").contains("efficacy/added"));
  }
}

TEST(LanguageMetrics, AForgottenFactThatIsAloneIsNotTaught) {
  const testing::TemporaryFolder scratch;
  std::string text = kChange;
  text.replace(text.find("count: 8"), 8, "count: 1");
  const std::filesystem::path output = scratch.path() / "out";
  const testing::ProgramResult result =
      run_program({"run", scratch.write("one.yaml", text), "--store", scratch.path() / "store",
                   "--output", output});
  ASSERT_EQ(result.status, 0) << result.err;
  const Json results = Json::parse(read_text_file(output / "results.json"));
  EXPECT_FALSE(results.at("rows").at(0).at("cells").contains("rtt_recall"));
  EXPECT_TRUE(results.at("rows").at(0).at("cells").contains("efficacy/added"));
}

}  // namespace
}  // namespace oubli
