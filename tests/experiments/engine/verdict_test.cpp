#include "experiments/engine/verdict.h"

#include <gtest/gtest.h>

#include <cmath>

#include "core/base/settings_file.h"
#include "experiments/engine/verdict_settings.h"
#include "tests/support/files.h"

namespace oubli {
namespace {

RowResult row_of(const std::string& name, double forget, double test, std::size_t seeds) {
  RowResult row{.name = name, .models = {}};
  for (std::size_t s = 0; s < seeds; ++s) {
    const double scatter = 0.01 * std::sin(2.0 + 5.0 * static_cast<double>(s));
    row.models.push_back(
        {static_cast<std::int64_t>(s),
         0,
         "completed",
         "",
         {{"accuracy/forget", forget + scatter}, {"accuracy/test", test - scatter}},
         Json::object()});
  }
  return row;
}

Results results_with(std::vector<RowResult> rows) {
  Results results;
  results.columns = {"accuracy/forget", "accuracy/test"};
  results.sets = {{"forget", 1000}, {"test", 1000}};
  results.rows = std::move(rows);
  results.rows.push_back(row_of("noise floor", 0.6, 0.9, 64));
  results.describe_columns(builtin_metrics());
  return results;
}

RowVerdict verdict_of(const RowResult& row) { return judge(results_with({row}), row); }

TEST(Verdict, NamesWhatDiffers) {
  EXPECT_EQ(verdict_of(row_of("m", 0.9, 0.9, 8)).text, "distinguishable (under-forgets)");
  EXPECT_EQ(verdict_of(row_of("m", 0.3, 0.9, 8)).text, "distinguishable (over-forgets)");
  EXPECT_EQ(verdict_of(row_of("m", 0.6, 0.7, 8)).text, "distinguishable (hurts)");
  EXPECT_EQ(verdict_of(row_of("m", 0.9, 0.7, 8)).text, "distinguishable (under-forgets, hurts)");
}

TEST(Verdict, IsIndistinguishableOnlyWhereEquivalenceIsShown) {
  EXPECT_EQ(verdict_of(row_of("m", 0.6, 0.9, 20)).kind, RowVerdict::Kind::kIndistinguishable);
  // The same difference of none, from too few seeds, is no verdict.
  const RowVerdict few = verdict_of(row_of("m", 0.6, 0.9, 2));
  EXPECT_EQ(few.kind, RowVerdict::Kind::kUndecided);
  EXPECT_NE(few.text.find("more training seed"), std::string::npos) << few.text;
  EXPECT_EQ(verdict_of(row_of("m", 0.6, 0.9, 1)).kind, RowVerdict::Kind::kUndecided);
}

TEST(Verdict, RestsOnTheColumnsAndTheMarginAskedFor) {
  const RowResult row = row_of("m", 0.6, 0.7, 20);
  Results results = results_with({row});
  EXPECT_EQ(judge(results, row).text, "distinguishable (hurts)");
  results.resolved = {
      {"verdict", {{"columns", {"accuracy/forget"}}, {"margin", 1.5}, {"alpha", 0.05}}}};
  EXPECT_EQ(judge(results, row).text, "indistinguishable");
  results.resolved = {
      {"verdict", {{"columns", {"accuracy/test"}}, {"margin", 100}, {"alpha", 0.05}}}};
  EXPECT_EQ(judge(results, row).text, "indistinguishable") << "a wide margin";
}

TEST(VerdictSettings, AreReadAndChecked) {
  const auto read = [](const std::string& text) {
    const SettingsNode node = parse_settings(text, "test.yaml");
    return VerdictSettings::read(Settings(node), builtin_metrics());
  };
  EXPECT_EQ(read("{}").columns, VerdictSettings::standard_columns());
  EXPECT_EQ(read("{verdict: {columns: [lira_auc, loss/test], margin: 2}}").columns,
            (std::vector<std::string>{"lira_auc", "loss/test"}));
  const std::string message =
      testing::error_of(ErrorKind::kSettings, [&] { read("{verdict: {columns: [lira_ouc]}}"); });
  EXPECT_NE(message.find("test.yaml:1:22"), std::string::npos) << message;
  EXPECT_NE(message.find("lira_auc"), std::string::npos) << message;
}

TEST(Verdict, OfADivergedRowIsFailed) {
  RowResult row = row_of("m", 0.6, 0.9, 8);
  row.models[3].status = "diverged";
  EXPECT_EQ(verdict_of(row).kind, RowVerdict::Kind::kFailed);
}

TEST(Verdict, NeedsTwoOracles) {
  Results results = results_with({row_of("m", 0.6, 0.9, 8)});
  results.rows.back().models.resize(1);
  EXPECT_EQ(judge(results, results.rows[0]).kind, RowVerdict::Kind::kUndecided);
}

TEST(PowerCheck, PassesWhereTheOriginalRemembersAndShoutsWhereItDoesNot) {
  EXPECT_TRUE(check_power(results_with({row_of("original", 1.0, 0.9, 8)})).passed);
  const PowerCheck same = check_power(results_with({row_of("original", 0.6, 0.9, 20)}));
  EXPECT_FALSE(same.passed);
  EXPECT_NE(same.text.find("CANNOT RANK METHODS"), std::string::npos);
  // What the original does to other sets says nothing about the forget set.
  EXPECT_FALSE(check_power(results_with({row_of("original", 0.6, 0.5, 20)})).passed);
}

TEST(Results, AreReadBackAsTheyWereWritten) {
  const Results results = results_with({row_of("m", 0.9, 0.7, 3)});
  const Results again = Results::from_json(results.to_json(), "test");
  EXPECT_EQ(again.to_json(), results.to_json());
  EXPECT_THROW(Results::from_json(Json::object(), "test"), Error);
}

}  // namespace
}  // namespace oubli
