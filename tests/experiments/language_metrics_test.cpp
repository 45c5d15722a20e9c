// End to end: what a language model believes, through the real program.
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <limits>
#include <regex>

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
train: {optimizer: {name: adamw, lr: 1.0e-2}, epochs: 40, batch_size: 32}
edit: {change: {facts: {count: 8}}}
methods: [retrain]
seeds: {training: 1, oracle: 3}
measure: [accuracy, loss, token_loss, beliefs, learnt_bits, oracle_distance, membership,
          privacy_leak, truth_ratio, model_utility, memorisation, rtt, calibration, gaps,
          mia_svc, streisand]
rtt: {epochs: 2}
)";

// The results of an experiment file's text.
Json results_of_world(const std::string& text) {
  const testing::TemporaryFolder scratch;
  const std::filesystem::path output = scratch.path() / "out";
  const testing::ProgramResult result =
      run_program({"run", scratch.write("world.yaml", text), "--store", scratch.path() / "store",
                   "--output", output});
  EXPECT_EQ(result.status, 0) << result.err;
  return Json::parse(read_text_file(output / "results.json"));
}

double value_in(const Json& row, const std::string& column) {
  const Json& cells = row.at("cells");
  if (!cells.contains(column) || !cells.at(column).at("mean").is_number()) {
    ADD_FAILURE() << row.at("name") << " has no " << column;
    return std::numeric_limits<double>::quiet_NaN();
  }
  return cells.at(column).at("mean");
}

std::string world_with(const std::string& change, const std::string& other) {
  std::string text = kChange;
  return text.replace(text.find(change), change.size(), other);
}

// What holds whatever a model has learnt.
void expect_possible(const Json& row) {
  for (const char* share :
       {"accuracy/retain", "accuracy/forget", "accuracy/added_reworded", "truth_ratio/forget",
        "truth_score/test", "model_utility", "extraction_strength/text",
        "exact_memorisation/forget", "rtt_recall", "rtt_recall_first", "rtt_taught"}) {
    EXPECT_GE(value_in(row, share), 0) << row.at("name") << " " << share;
    EXPECT_LE(value_in(row, share), 1) << row.at("name") << " " << share;
  }
  EXPECT_GT(value_in(row, "model_utility"), 0) << row.at("name");
  EXPECT_LE(value_in(row, "tofu_forget_quality"), 0) << row.at("name");
  EXPECT_LE(value_in(row, "tofu_forget_quality_least"), value_in(row, "tofu_forget_quality"));
  EXPECT_GE(value_in(row, "tofu_forget_quality_most"), value_in(row, "tofu_forget_quality"));
  EXPECT_GT(value_in(row, "oracle_distance"), 0) << row.at("name");
  EXPECT_GT(value_in(row, "token_loss/text"), 0) << row.at("name");
}

// Of models that have learnt most of a small world: the original knows what was, retrained ones
// what is to be, and neither the other.
TEST(LanguageMetrics, TellWhatWasFromWhatIsToBe) {
  const Json results = results_of_world(kChange);
  ASSERT_EQ(results.at("rows").size(), 3U);
  const Json &original = results.at("rows")[0], &retrain = results.at("rows")[1];
  ASSERT_EQ(original.at("name"), "original");
  ASSERT_EQ(retrain.at("name"), "retrain");
  for (const Json& row : results.at("rows")) {
    expect_possible(row);
    EXPECT_NEAR(value_in(row, "bits_in_all"),
                value_in(row, "learnt_bits/retain") + value_in(row, "learnt_bits/forget") +
                    value_in(row, "learnt_bits/added"),
                1e-9);
    // The people of whom facts change are known by others; those whom nobody knows are no match.
    EXPECT_FALSE(row.at("cells").contains("privacy_leak_loss") ||
                 row.at("cells").contains("membership_auc/forget"));
    const bool is_original = row.at("name") == "original";
    for (const char* set : {"added", "added_reworded"}) {
      const std::string name = set;
      EXPECT_EQ(value_in(row, "efficacy/" + name) < 0.5, is_original) << row.at("name");
      EXPECT_EQ(value_in(row, "magnitude/" + name) < 0, is_original) << row.at("name");
      EXPECT_EQ(value_in(row, "truth_score/" + name) < 0.5, is_original) << row.at("name");
    }
    EXPECT_EQ(value_in(row, "learnt_bits/forget") > 10, is_original) << row.at("name");
    EXPECT_EQ(value_in(row, "learnt_bits/added") < 1, is_original) << row.at("name");
    EXPECT_EQ(value_in(row, "rtt_recall") > 0.5, is_original) << row.at("name");
    EXPECT_EQ(value_in(row, "rtt_recall_first") > 0.5, is_original) << row.at("name");
    for (const char* loss : {"loss/", "token_loss/"}) {
      const std::string name = loss;
      EXPECT_EQ(value_in(row, name + "forget") < value_in(row, name + "added"), is_original)
          << row.at("name") << " " << name;
    }
  }
  EXPECT_LT(value_in(original, "tofu_forget_quality"), value_in(retrain, "tofu_forget_quality"));
  for (const char* column : {"extraction_strength/forget", "exact_memorisation/forget"}) {
    EXPECT_GT(value_in(original, column), value_in(retrain, column) + 0.05) << column;
  }
  // The text is the same, and is learnt by both.
  EXPECT_NEAR(value_in(original, "token_loss/text"), value_in(retrain, "token_loss/text"), 0.5);
}

TEST(LanguageMetrics, PeopleWhoLeaveAreHeldAgainstOnesWhomNobodyKnows) {
  const Json results =
      results_of_world(world_with("change: {facts: {count: 8}}", "remove: {subjects: {count: 3}}"));
  ASSERT_EQ(results.at("rows").size(), 3U);
  for (const Json& row : results.at("rows")) {
    const bool is_original = row.at("name") == "original";
    EXPECT_EQ(value_in(row, "membership_auc/forget") > 0.9, is_original) << row.at("name");
    for (const char* leak : {"privacy_leak_loss", "privacy_leak_20", "privacy_leak_40"}) {
      EXPECT_GE(value_in(row, leak), -100) << row.at("name") << " " << leak;
      EXPECT_EQ(value_in(row, leak) < -90, is_original) << row.at("name") << " " << leak;
    }
    EXPECT_EQ(value_in(row, "mia_efficacy") < 0.5, is_original) << row.at("name");
    EXPECT_EQ(value_in(row, "rtt_recall") > 0.5, is_original) << row.at("name");
    EXPECT_FALSE(row.at("cells").contains("efficacy/added"));
  }
}

// Two stores that know nothing of each other, one worker and two, with a method that descends and
// one that edits: what is written is the same to the byte, but for times.
TEST(LanguageMetrics, AreTheSameOfASecondRun) {
  std::string text = world_with("methods: [retrain]", "methods: [npo: {epochs: 2}, memit]");
  text.replace(text.find("epochs: 40"), 10, "epochs: 3");
  text.replace(text.find("layers: 1"), 9, "layers: 2");
  text.replace(text.find("training: 1, oracle: 3"), 22, "training: 2, oracle: 2");
  const testing::TemporaryFolder scratch;
  const std::string file = scratch.write("world.yaml", text);
  const std::filesystem::path one = scratch.path() / "1", two = scratch.path() / "2";
  for (const std::filesystem::path& folder : {one, two}) {
    const testing::ProgramResult result =
        run_program({"run", file, "--store", folder / "store", "--output", folder / "out", "--jobs",
                     folder.filename()});
    ASSERT_EQ(result.status, 0) << result.err;
  }
  // Of each entry of the store a hash of its content is among them.
  for (const char* name : {"table.csv", "cells.csv", "entries.csv", "rows.csv", "evidence.json",
                           "forget_set.txt", "added_set.txt"}) {
    const std::string content = read_text_file(one / "out" / name);
    EXPECT_GT(content.size(), 10U) << name;
    EXPECT_EQ(content, read_text_file(two / "out" / name)) << name;
  }
  const Json results = Json::parse(read_text_file(one / "out" / "results.json"));
  EXPECT_EQ(
      testing::without_times(results).dump(),
      testing::without_times(Json::parse(read_text_file(two / "out" / "results.json"))).dump());
  // And both methods did something.
  const double before = value_in(results.at("rows")[0], "token_loss/forget");
  for (const std::size_t row : {1, 2}) {
    EXPECT_GT(std::abs(value_in(results.at("rows")[row], "token_loss/forget") - before), 1e-4)
        << results.at("rows")[row].at("name");
  }
  // What rows say and what tokens are, for whoever goes on with them elsewhere.
  const Json vocabulary = Json::parse(read_text_file(one / "out" / "vocabulary.json"));
  EXPECT_EQ(vocabulary.at(0), "<s>");
  const std::string rows = read_text_file(one / "out" / "rows.csv");
  EXPECT_EQ(rows.substr(0, rows.find('\n')),
            "row,set,label,true_label,kind,object,relation,repeats,subject,wording");
  EXPECT_TRUE(std::regex_search(rows, std::regex("\n[0-9]+,added,[0-9,]+,fact,[^,]+,city,")));
}

// Nothing is left to be taught.
TEST(LanguageMetrics, AForgottenFactThatIsAloneIsNotTaught) {
  const Json results = results_of_world(world_with("count: 8", "count: 1"));
  ASSERT_EQ(results.at("rows").size(), 3U);
  for (const Json& row : results.at("rows")) {
    for (const auto& [column, cell] : row.at("cells").items()) {
      EXPECT_FALSE(column.starts_with("rtt_")) << row.at("name") << " " << column;
    }
    EXPECT_EQ(value_in(row, "efficacy/added") < 0.5, row.at("name") == "original");
  }
}

}  // namespace
}  // namespace oubli
