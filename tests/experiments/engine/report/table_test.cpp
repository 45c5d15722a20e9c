#include "experiments/engine/report/table.h"

#include <gtest/gtest.h>

#include <limits>

namespace oubli {
namespace {

RowResult row_of(const std::string& name, const std::vector<double>& accuracies) {
  RowResult row{.name = name, .models = {}};
  for (std::size_t s = 0; s < accuracies.size(); ++s) {
    row.models.push_back({static_cast<std::int64_t>(s),
                          0,
                          "completed",
                          "",
                          {{"accuracy/test", accuracies[s]}},
                          Json::object()});
  }
  return row;
}

Results example() {
  Results results;
  results.title = "Title";
  results.columns = {"accuracy/test"};
  results.sets = {{"train", 10}};
  results.rows = {row_of("original", {0.5, 0.75, 1.0}), row_of("one_seed", {0.5}),
                  row_of("broken", {0.9, 0.9})};
  results.rows[2].models[1].status = "diverged";
  results.rows[2].models[1].message = "too large a step";
  return results;
}

TEST(CellText, ShowsTheIntervalWithTwoDigitsAndNoneWhereThereIsNone) {
  EXPECT_EQ(cell_text({0.946, 0.0123, 3}), "0.946 ± 0.012");
  EXPECT_EQ(cell_text({123.456, 7.89, 3}), "123.5 ± 7.9");
  EXPECT_EQ(cell_text({0.5, std::nullopt, 1}), "0.5");
  EXPECT_EQ(cell_text({129300, 0, 3}), "129300 ± 0");
  EXPECT_EQ(cell_text({3.2e-11, 1e-12, 3}), "3.20e-11 ± 1.0e-12");
  EXPECT_EQ(cell_text({1e300, 1e299, 3}), "1.00e+300 ± 1.0e+299");
  EXPECT_EQ(cell_text({1e308, std::numeric_limits<double>::infinity(), 3}), "1e+308 ± inf");
  EXPECT_EQ(cell_text({1e300, std::nullopt, 1}), "1e+300");
  EXPECT_EQ(cell_text({1e300, 0.5, 3}), "1e+300 ± 0");
}

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

TEST(Row, ThatDivergedShowsNoNumber) {
  const Results results = example();
  EXPECT_FALSE(results.rows[2].cell("accuracy/test").has_value());
  const std::string text = terminal_table(results, 80);
  EXPECT_NE(text.find("diverged 1/2"), std::string::npos);
  EXPECT_NE(text.find("too large a step"), std::string::npos);
}

TEST(TerminalTable, FoldsColumnsIntoTheWidth) {
  Results results = example();
  for (int i = 0; i < 12; ++i)
    results.columns.push_back("loss/a_rather_long_name_" + std::to_string(i));
  for (const std::size_t width : {80u, 120u}) {
    const std::string text = terminal_table(results, width);
    std::size_t begin = 0;
    while (begin < text.size()) {
      const std::size_t end = text.find('\n', begin);
      std::size_t shown = 0;
      for (std::size_t i = begin; i < end; ++i)
        shown += (static_cast<unsigned char>(text[i]) & 0xC0) != 0x80;
      if (text.compare(begin, 4, "Mean") != 0) {
        EXPECT_LE(shown, width) << text.substr(begin, end - begin);
      }
      begin = end + 1;
    }
  }
}

TEST(OtherTables, HoldEveryRow) {
  const Results results = example();
  for (const std::string& text :
       {markdown_table(results), latex_table(results), csv_table(results)}) {
    EXPECT_NE(text.find("original"), std::string::npos);
    EXPECT_NE(text.find("0.75"), std::string::npos);
  }
  EXPECT_NE(latex_table(results).find("one\\_seed"), std::string::npos);
  EXPECT_NE(csv_table(results).find("broken,accuracy/test,,,,diverged 1/2"), std::string::npos);
}

}  // namespace
}  // namespace oubli
