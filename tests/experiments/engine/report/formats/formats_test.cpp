#include "experiments/engine/report/formats/formats.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace oubli {
namespace {

RowResult accurate_row(const std::string& name, const std::vector<double>& accuracies) {
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
  results.rows = {accurate_row("original", {0.5, 0.75, 1.0}), accurate_row("one_seed", {0.5}),
                  accurate_row("broken", {0.9, 0.9})};
  results.rows[2].models[1].status = "diverged";
  results.rows[2].models[1].message = "too large a step";
  return results;
}

TEST(Row, ThatDivergedShowsNoNumber) {
  const Results results = example();
  EXPECT_FALSE(results.rows[2].cell("accuracy/test").has_value());
  const std::string text = console_table(report_model(results), 80);
  EXPECT_NE(text.find("diverged 1/2"), std::string::npos);
  EXPECT_NE(text.find("too large a step"), std::string::npos);
}

TEST(TerminalTable, FoldsColumnsIntoTheWidth) {
  Results results = example();
  for (int i = 0; i < 12; ++i)
    results.columns.push_back("loss/a_rather_long_name_" + std::to_string(i));
  for (const std::size_t width : {80u, 120u}) {
    const std::string text = console_table(report_model(results), width);
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
  const ReportModel report = report_model(example());
  for (const std::string& text : {markdown_table(report), latex_table(report), csv_table(report)}) {
    EXPECT_NE(text.find("original"), std::string::npos);
    EXPECT_NE(text.find("0.75"), std::string::npos);
  }
  EXPECT_NE(latex_table(report).find("one\\_seed"), std::string::npos);
  EXPECT_NE(csv_table(report).find("broken,accuracy/test,,,,diverged 1/2"), std::string::npos);
}

}  // namespace
}  // namespace oubli
