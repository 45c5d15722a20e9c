#include "experiments/engine/report/verdict.h"

#include <gtest/gtest.h>

#include <cmath>

#include "core/evaluate/metric.h"
#include "experiments/engine/report/power_check.h"

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
  EXPECT_NE(few.text.find("too few seeds"), std::string::npos) << few.text;
  const RowVerdict more = verdict_of(row_of("m", 0.605, 0.9, 5));
  EXPECT_EQ(more.kind, RowVerdict::Kind::kUndecided);
  EXPECT_NE(more.text.find("more training seed"), std::string::npos) << more.text;
  EXPECT_EQ(verdict_of(row_of("m", 0.6, 0.9, 1)).kind, RowVerdict::Kind::kUndecided);
}

// Of more oracles only half judge a row whose settings the others chose.
TEST(Verdict, AsksForTwiceAsManyOraclesWhereHalfOfThemJudge) {
  const RowResult row = row_of("m", 0.605, 0.9, 5);
  Results results = results_with({row});
  RowResult few = row_of("noise floor", 0.6, 0.9, 9);
  results.rows.back() = few;
  few.name = few.noise_floor = kSweptNoiseFloor;
  results.rows.push_back(few);
  const auto oracles_asked = [&](const char* floor) {
    RowResult judged = row;
    judged.noise_floor = floor;
    const std::string text = judge(results, judged).text;
    int training = 0, oracles = 0;
    EXPECT_EQ(std::sscanf(text.c_str(),
                          "undecided: needs about %d more training seed%*[s] and %d more oracle",
                          &training, &oracles),
              2)
        << text;
    return oracles;
  };
  EXPECT_EQ(oracles_asked(kSweptNoiseFloor), 2 * oracles_asked(kNoiseFloor));
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

TEST(Verdict, IsNotIndistinguishableWhereADecisiveColumnHasNoValue) {
  RowResult row = row_of("m", 0.6, 0.9, 20);
  row.models[4].values.erase("accuracy/test");
  const RowVerdict missing = verdict_of(row);
  EXPECT_EQ(missing.kind, RowVerdict::Kind::kUndecided);
  EXPECT_EQ(missing.text, "undecided: no value of accuracy/test");
  row = row_of("m", 0.9, 0.9, 20);
  row.models[4].values.erase("accuracy/test");
  EXPECT_EQ(verdict_of(row).text, "distinguishable (under-forgets)") << "what is there suffices";
  row = row_of("m", 0.6, 0.9, 20);
  row.models[4].at_least.insert("accuracy/test");
  EXPECT_EQ(verdict_of(row).text, "undecided: no value of accuracy/test");
}

// Both scores rise where a model forgets more; the true labels are fitted better without the wrong.
TEST(Verdict, KnowsTheDirectionOfEveryColumn) {
  Results results = results_with({});
  results.columns = {"mia_efficacy", "accuracy/forget_true"};
  results.describe_columns(builtin_metrics());
  for (const std::string& column : results.columns) {
    results.resolved = {{"verdict", {{"columns", {column}}, {"margin", 1.5}, {"alpha", 0.05}}}};
    const auto of = [&](double mean) {
      RowResult row = row_of("m", mean, 0.9, 8);
      for (ModelResult& model : row.models) model.values[column] = model.values["accuracy/forget"];
      return row;
    };
    results.rows = {of(0.5)};
    results.rows[0].name = "noise floor";
    EXPECT_EQ(judge(results, of(0.1)).text, "distinguishable (under-forgets)") << column;
    EXPECT_EQ(judge(results, of(0.9)).text, column == "mia_efficacy"
                                                ? "distinguishable (over-forgets)"
                                                : "distinguishable (differs)");
  }
}

TEST(Verdict, OnAddedExamplesIsAboutLearning) {
  Results results = results_with({row_of("m", 0.9, 0.9, 8)});
  results.columns = {"membership_auc/added"};
  results.describe_columns(builtin_metrics());
  for (RowResult& row : results.rows) {
    for (ModelResult& model : row.models) {
      model.values = {{"membership_auc/added", model.values.at("accuracy/forget")}};
    }
  }
  EXPECT_EQ(judge(results, results.rows[0]).text, "distinguishable (over-learns)");
}

// Distances between two oracles are one number, which has no spread.
TEST(Verdict, OnDistancesNeedsThreeOracles) {
  Results results = results_with({row_of("m", 0.6, 0.9, 8)});
  results.columns = {"kl/forget"};
  results.describe_columns(builtin_metrics());
  for (RowResult& row : results.rows) {
    for (ModelResult& model : row.models) model.values["kl/forget"] = 0.1;
  }
  EXPECT_EQ(judge(results, results.rows[0]).text, "indistinguishable");
  results.rows.back().models.resize(2);
  EXPECT_EQ(judge(results, results.rows[0]).text, "undecided: needs three oracle seeds or more");
}

TEST(Verdict, OneExampleMoreOrLessDoesNotMatter) {
  Results results = results_with({row_of("m", 0.6, 0.9, 8)});
  results.columns = {"accuracy/forget"};
  results.sets["forget"] = 100;
  const auto all = [](RowResult& row, double value) {
    for (ModelResult& model : row.models) model.values["accuracy/forget"] = value;
  };
  all(results.rows.back(), 0.95);
  for (const auto& [value, text] :
       std::vector<std::pair<double, std::string>>{{0.94, "indistinguishable"},
                                                   {0.96, "indistinguishable"},
                                                   {0.97, "distinguishable (under-forgets)"},
                                                   {0.93, "distinguishable (over-forgets)"}}) {
    all(results.rows[0], value);
    EXPECT_EQ(judge(results, results.rows[0]).text, text) << value;
  }
}

// Two models that recall everything, and three oracles that do, do not show that all would.
TEST(Verdict, OfSaturatedColumnsAndFewSeedsIsUndecided) {
  const auto judged = [](std::size_t seeds, std::size_t oracles, double value) {
    Results results = results_with({row_of("m", 0.6, 0.9, seeds)});
    results.columns = {"accuracy/forget"};
    results.rows.back().models.resize(oracles);
    for (RowResult& row : results.rows) {
      for (ModelResult& model : row.models) model.values["accuracy/forget"] = value;
    }
    return judge(results, results.rows[0]);
  };
  EXPECT_EQ(judged(2, 3, 1).text, "undecided: too few seeds; try 8 training and 16 oracle");
  EXPECT_EQ(judged(3, 8, 0).kind, RowVerdict::Kind::kUndecided);
  EXPECT_EQ(judged(8, 16, 1).text, "indistinguishable");
  EXPECT_EQ(judged(2, 3, 0.95).text, "indistinguishable") << "training that does not scatter";
}

// What does not scatter beside what does is saturated, too.
TEST(Verdict, OfAColumnThatAloneDoesNotScatterIsUndecidedOfFewSeeds) {
  RowResult row = row_of("m", 0.6, 0.9, 3);
  Results results = results_with({row});
  results.sets["forget"] = 10;  // so that the other column is equivalent from three seeds, too
  const auto fix_test = [](RowResult& fixed) {
    for (ModelResult& model : fixed.models) model.values["accuracy/test"] = 0.9;
  };
  EXPECT_EQ(judge(results, row).columns[0].equivalent, true);
  fix_test(row);
  fix_test(results.rows.back());
  const RowVerdict verdict = judge(results, row);
  EXPECT_TRUE(verdict.columns[0].equivalent && verdict.columns[1].equivalent);
  EXPECT_EQ(verdict.kind, RowVerdict::Kind::kUndecided);
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

// One that was trained on other rows, or on none, differs too.
TEST(PowerCheck, OfAGivenOriginalPassesOnlyWhereItKnowsMoreOfTheForgetSet) {
  const auto check = [](double forget, std::size_t originals) {
    Results results = results_with({row_of("original", forget, 0.9, originals)});
    std::vector<std::string> files;
    for (std::size_t i = 0; i < originals; ++i) files.push_back(std::to_string(i) + ".safetensors");
    results.resolved = {{"original", {{"weights", files}}}};
    return check_power(results);
  };
  for (const std::size_t originals : {1, 8}) {
    const PowerCheck knows = check(1.0, originals);
    EXPECT_TRUE(knows.passed) << knows.text;
    const PowerCheck worse = check(0.2, originals);
    EXPECT_FALSE(worse.passed);
    EXPECT_NE(worse.text.find("does not look trained on these rows: it knows less"),
              std::string::npos)
        << worse.text;
  }
}

}  // namespace
}  // namespace oubli
