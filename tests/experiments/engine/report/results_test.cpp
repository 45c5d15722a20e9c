#include "experiments/engine/report/results.h"

#include <gtest/gtest.h>

#include <tuple>
#include <vector>

namespace oubli {
namespace {

TEST(Row, AveragesUnlearningSeedsBeforeTrainingSeeds) {
  RowResult row{.name = "r", .models = {}};
  for (const auto& [seed, run, value] : std::vector<std::tuple<int, int, double>>{
           {0, 0, 1.0}, {0, 1, 3.0}, {1, 0, 4.0}, {1, 1, 4.0}}) {
    row.models.push_back({seed, run, "completed", "", {{"x", value}}, Json::object()});
  }
  const auto cell = row.cell("x");
  EXPECT_EQ(cell->mean, 3);
  EXPECT_EQ(cell->n, 2u);
}

// A variance of 1e308 is infinite, and no test of it has a meaning.
TEST(Row, AValueTooLargeToSquareIsNone) {
  RowResult row{.name = "r", .models = {}};
  row.models.push_back({0, 0, "completed", "", {{"x", 1e308}, {"y", 1e149}}, Json::object()});
  row.models.push_back({1, 0, "completed", "", {{"x", 1.0}, {"y", 1.0}}, Json::object()});
  EXPECT_FALSE(row.cell("x").has_value());
  EXPECT_TRUE(row.cell("y").has_value());
}

TEST(Results, AreReadBackAsTheyWereWritten) {
  Results results;
  results.columns = {"accuracy/forget", "accuracy/test"};
  results.sets = {{"forget", 1000}, {"test", 1000}};
  for (const char* name : {"m", "noise floor"}) {
    RowResult row{.name = name, .models = {}};
    for (const std::int64_t seed : {0, 1, 2}) {
      row.models.push_back(
          {seed,
           0,
           "completed",
           "",
           {{"accuracy/forget", 0.9 + 0.01 * static_cast<double>(seed)}, {"accuracy/test", 0.7}},
           Json::object()});
    }
    results.rows.push_back(std::move(row));
  }
  results.describe_columns(builtin_metrics());
  const Results again = Results::from_json(results.to_json(), "test");
  EXPECT_EQ(again.to_json(), results.to_json());
  for (const Json& other : {Json::object(), Json::array({1}), Json("x"), Json()}) {
    EXPECT_THROW(Results::from_json(other, "test"), Error);
  }
  Json broken = results.to_json();
  broken["sets"] = "x";
  EXPECT_THROW(Results::from_json(broken, "test"), Error);
}

}  // namespace
}  // namespace oubli
