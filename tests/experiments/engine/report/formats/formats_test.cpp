#include "experiments/engine/report/formats/formats.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/support/files.h"

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
  const std::string text = console_table(report_model(results), {.width = 80, .shows_all = true});
  EXPECT_NE(text.find("diverged 1/2"), std::string::npos);
  EXPECT_NE(text.find("too large a step"), std::string::npos);
}

TEST(TerminalTable, FoldsColumnsIntoTheWidth) {
  Results results = example();
  for (int i = 0; i < 12; ++i)
    results.columns.push_back("loss/a_rather_long_name_" + std::to_string(i));
  for (const std::size_t width : {80u, 120u}) {
    const std::string text =
        console_table(report_model(results), {.width = width, .shows_all = true});
    std::size_t begin = 0;
    while (begin < text.size()) {
      const std::size_t end = text.find('\n', begin);
      std::size_t shown = 0;
      for (std::size_t i = begin; i < end; ++i)
        shown += (static_cast<unsigned char>(text[i]) & 0xC0) != 0x80;
      EXPECT_LE(shown, width) << text.substr(begin, end - begin);
      begin = end + 1;
    }
  }
}

TEST(TerminalTable, ShowsVerdictsAndDecidingColumnsFirst) {
  Results results = example();
  results.columns.push_back("brier/test");  // measured, and nothing rests on it
  for (RowResult& row : results.rows) {
    for (ModelResult& model : row.models) model.values["brier/test"] = 0.123;
  }
  const ReportModel report = report_model(results);
  const std::string first = console_table(report, {.width = 80});
  EXPECT_LT(first.find("undecided"), first.find("test accuracy"));
  EXPECT_NE(first.find("test accuracy"), std::string::npos);
  EXPECT_EQ(first.find("0.123"), std::string::npos);
  EXPECT_NE(first.find("1 more column: `oubli show RESULTS --all`"), std::string::npos);
  const std::string all = console_table(report, {.width = 80, .shows_all = true});
  EXPECT_NE(all.find("0.123"), std::string::npos);
  EXPECT_EQ(all.find("more column"), std::string::npos);
}

TEST(TerminalTable, CutsNamesThatAreLongerThanHalfALine) {
  Results results = example();
  results.rows[1].name = std::string(200, 'x');
  const std::string text = console_table(report_model(results), {.width = 80});
  EXPECT_NE(text.find(std::string(38, 'x') + ".."), std::string::npos);
  EXPECT_EQ(text.find(std::string(41, 'x')), std::string::npos);
}

TEST(TerminalTable, HasColoursWhereTheyAreAskedForAndElseNone) {
  Results results = example();
  results.rows[1].name = "\x1b[31mred";
  const ReportModel report = report_model(results);
  EXPECT_EQ(console_table(report, {.width = 80}).find('\x1b'), std::string::npos);
  const std::string coloured = console_table(report, {.width = 80, .has_colours = true});
  EXPECT_NE(coloured.find("\x1b[33mundecided\x1b[0m"), std::string::npos);
  EXPECT_EQ(coloured.find("\x1b[31mred"), std::string::npos) << "a name steers the terminal";
  // But for what has no width they are the same.
  std::string plain;
  for (std::size_t i = 0; i < coloured.size(); ++i) {
    if (coloured[i] == '\x1b') {
      i = coloured.find('m', i);
    } else {
      plain += coloured[i];
    }
  }
  EXPECT_EQ(plain, console_table(report, {.width = 80}));
}

TEST(ModelsTable, HasALineForEachModelWithTheVerdictOfItsRow) {
  const Results results = example();
  const std::string text = models_csv(results, report_model(results));
  EXPECT_EQ(text,
            "row,training_seed,unlearning_seed,status,verdict,accuracy/test\n"
            "original,0,0,completed,undecided: needs two oracle seeds or more,0.5\n"
            "original,1,0,completed,undecided: needs two oracle seeds or more,0.75\n"
            "original,2,0,completed,undecided: needs two oracle seeds or more,1\n"
            "one_seed,0,0,completed,undecided: needs two oracle seeds or more,0.5\n"
            "broken,0,0,completed,failed,0.9\n"
            "broken,1,0,diverged,failed,0.9\n");
}

TEST(Columns, AreThoseAskedForInTheirOrder) {
  Results results = example();
  results.columns.push_back("kl/test");
  const ReportModel report = with_columns(report_model(results), {"kl/test", "accuracy/test"});
  ASSERT_EQ(report.columns.size(), 2);
  EXPECT_EQ(report.columns[0].name, "kl/test");
  EXPECT_FALSE(report.rows[0].cells[0].has_value());
  EXPECT_TRUE(report.rows[0].cells[1].has_value());
  const std::string message = testing::error_of(
      ErrorKind::kUsage, [&] { with_columns(report_model(results), {"kl/tset"}); });
  EXPECT_NE(message.find("did you mean 'kl/test'?"), std::string::npos);
}

TEST(OtherTables, HoldEveryRow) {
  const ReportModel report = report_model(example());
  for (const std::string& text : {markdown_table(report), latex_table(report), cells_csv(report)}) {
    EXPECT_NE(text.find("original"), std::string::npos);
    EXPECT_NE(text.find("0.75"), std::string::npos);
  }
  EXPECT_NE(latex_table(report).find("one\\_seed"), std::string::npos);
  EXPECT_NE(cells_csv(report).find("broken,accuracy/test,,,,diverged 1/2"), std::string::npos);
}

}  // namespace
}  // namespace oubli
