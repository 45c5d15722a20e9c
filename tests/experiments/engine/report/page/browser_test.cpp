// Pages in a real browser (tests/support/browser/look.py), and figures on paper.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "core/base/file.h"
#include "experiments/engine/report/page/page.h"
#include "experiments/engine/run_program.h"
#include "tests/support/files.h"
#include "tests/support/program.h"
#include "tests/support/python.h"
#include "tests/support/required.h"
#include "tests/support/small_run.h"

namespace oubli {
namespace {

namespace fs = std::filesystem;
using testing::has_program;
using ::testing::HasSubstr;
using testing::is_missing;
using testing::run_program;
using testing::small_run;

class InBrowser : public ::testing::Test {
 protected:
  void SetUp() override {
    const bool is_there = testing::python_has("selenium, axe_core_python") &&
                          has_program("chromium") && has_program("chromedriver");
    if (is_missing(is_there, "chromium with selenium and axe-core-python"))
      GTEST_SKIP() << "no chromium with its driver, or " << testing::python()
                   << " lacks selenium or axe-core-python";
  }

  // What is wrong with a page, as look.py says it.
  void look(const fs::path& page, const std::string& options = "") const {
    const std::string words = (scratch_.path() / "faults.txt").string();
    const std::string command =
        fmt::format("'{}' '{}/tests/support/browser/look.py' {} '{}' > '{}' 2>&1",
                    testing::python(), OUBLI_SOURCE_DIR, options, page.string(), words);
    EXPECT_EQ(std::system(command.c_str()), 0) << testing::read_text(words);
  }

  testing::TemporaryFolder scratch_;
};

TEST_F(InBrowser, APageOfARunIsDrawnWhole) {
  look(small_run().folder / kPageFile);
  look(small_run().folder / kPageFile, "--dark --widths 1000");
}

TEST_F(InBrowser, SeveralRunsStandOnOnePage) {
  const std::string folder = small_run().folder.string();
  const fs::path page = scratch_.path() / "page.html";
  ASSERT_EQ(run_program({"report", folder, folder, "--output", page.string()}).status, 0);
  look(page, "--widths 400,1000");
}

// Names that would be markup, a program, or an expression of Vega's.
TEST_F(InBrowser, NothingThatResultsSayIsRun) {
  const char* const evil[] = {"</script><script>alert(1)</script>",
                              "<img src=x onerror=\"document.title='run'\">", "'+alert(1)+'",
                              "datum.row === 'x' || alert(2)", "\xe2\x80\xa8\\\"`${1}"};
  PageSource source = load_page_source(small_run().folder, builtin_metrics());
  source.results.title = evil[0];
  std::size_t next = 0;
  for (RowResult& row : source.results.rows) {
    if (!row.is_original() && !row.is_noise_floor()) row.name = evil[next++ % 5];
  }
  source.results.notes = {evil[1]};
  for (ShownExample& example : source.evidence.examples) example.label = evil[next++ % 5];
  const fs::path page = scratch_.path() / "<b>'x%20.html";
  write_file(page, report_page({source}));
  look(fs::path(page.parent_path()) / "<b>'\\''x%20.html", "--widths 1000");
}

TEST_F(InBrowser, ASequenceOfEditsIsDrawnRequestByRequest) {
  const std::string file = scratch_.write("stream.yaml", R"(
title: stream
data: {name: digits, limit: {train: 200, test: 100}}
model: {name: logistic}
train: {optimizer: {name: sgd, lr: 0.2}, epochs: 3, batch_size: 32}
edit: {requests: {from: {random: {count: 6}}, each: 2, count: 3}}
checkpoints: [1, 3]
methods: [retrain_each, finetune]
seeds: {training: 2, oracle: 3}
measure: [accuracy, loss, cost]
)");
  const fs::path folder = scratch_.path() / "results";
  const testing::ProgramResult run =
      run_program({"run", file, "--store", scratch_.path() / "store", "--output", folder.string()});
  ASSERT_EQ(run.status, 0) << run.err;
  EXPECT_TRUE(testing::read_text(folder / kPageFile).find("id=\"stream-accuracy-test\"") !=
              std::string::npos);
  look(folder / kPageFile, "--widths 400,1000");
}

TEST_F(InBrowser, TheRecordOfAnEditIsAPage) {
  const std::string file = scratch_.write("edit.yaml", R"(
title: "<script>alert(1)</script>"
data: {name: digits, limit: {train: 200, test: 100}}
model: {name: logistic}
train: {optimizer: {name: sgd, lr: 0.2}, epochs: 3, batch_size: 32}
edit: {remove: {random: {count: 6}}}
methods: [finetune]
)");
  const std::string folder = (scratch_.path() / "edited").string();
  const testing::ProgramResult run = run_program({"apply", file, "--method", "finetune", "--store",
                                                  scratch_.path() / "store", "--output", folder});
  ASSERT_EQ(run.status, 0) << run.err;
  const std::string page = testing::read_text(fs::path(folder) / kPageFile);
  EXPECT_TRUE(page.find("<script>alert") == std::string::npos);
  EXPECT_TRUE(page.find("This method gives no guarantee") != std::string::npos);
  for (const char* hashed : {"input", "output", "removed", "settings"}) {
    const Json record = Json::parse(testing::read_text(fs::path(folder) / "record.json"));
    EXPECT_TRUE(page.find(record.at(hashed).at("sha256").get<std::string>()) != std::string::npos);
  }
  look(fs::path(folder) / kPageFile, "--widths 400,1000");
  // Again from the record alone.
  fs::remove(fs::path(folder) / kPageFile);
  EXPECT_EQ(run_program({"report", folder}).status, 0);
  EXPECT_EQ(testing::read_text(fs::path(folder) / kPageFile), page);
}

// Two hundred rows of 64 seeds.
TEST_F(InBrowser, ALargePageIsDrawnSoon) {
  PageSource source = load_page_source(small_run().folder, builtin_metrics());
  Results& results = source.results;
  std::vector<RowResult> grown;
  const auto with_seeds = [](RowResult row, const std::string& name) {
    const std::vector<ModelResult> models = row.models;
    row.name = name;
    row.models.clear();
    for (std::int64_t s = 0; s < 64; ++s) {
      row.models.push_back(models[static_cast<std::size_t>(s) % models.size()]);
      row.models.back().training_seed = s;
      row.models.back().report = Json::object();
      for (auto& [column, value] : row.models.back().values)
        value *= 1 + 0.001 * static_cast<double>(s);
    }
    return row;
  };
  for (const RowResult& row : results.rows) {
    if (row.is_original() || row.is_noise_floor()) grown.push_back(with_seeds(row, row.name));
  }
  for (int i = 0; i < 200; ++i)
    grown.push_back(with_seeds(*results.find("retrain"), fmt::format("method_{}", i)));
  results.rows = std::move(grown);
  const fs::path page = scratch_.path() / "large.html";
  write_file(page, report_page({source}));
  // Two seconds were measured on two idle cores; tests share them.
  look(page, "--no-axe --widths 1000 --seconds 10");
}

class OnPaper : public ::testing::Test {
 protected:
  void SetUp() override {
    if (is_missing(has_program("node") && has_program("rsvg-convert") && has_program("pdftotext"),
                   "nodejs with librsvg2-bin and poppler-utils"))
      GTEST_SKIP() << "no node, rsvg-convert or pdftotext";
  }

  std::string plotted(const std::string& what, const std::string& format) const {
    const fs::path file = scratch_.path() / ("picture." + format);
    const testing::ProgramResult result =
        run_program({"plot", small_run().folder.string(), "--what", what, "--format", format,
                     "--output", file.string()});
    EXPECT_EQ(result.status, 0) << result.err;
    return read_text_file(file, ErrorKind::kData);
  }

  testing::TemporaryFolder scratch_;
};

// Where the dots are says what the values are: the axis is a line, so three of them fix it.
TEST_F(OnPaper, DotsStandWhereTheTableSays) {
  const std::string svg = plotted("column-accuracy-test", "svg");
  const PageSource source = load_page_source(small_run().folder, builtin_metrics());
  std::map<std::string, double> places;  // of the mean dots, by what they say
  const std::string begin = "aria-roledescription=\"symbol mark container\"";
  std::size_t at = svg.find(begin);  // seeds
  at = svg.find(begin, at + 1);      // means
  ASSERT_NE(at, std::string::npos);
  const std::string means = svg.substr(at, svg.find("</g>", at) - at);
  std::vector<double> xs;
  for (std::size_t t = means.find("translate("); t != std::string::npos;
       t = means.find("translate(", t + 1))
    xs.push_back(std::stod(means.substr(t + 10)));
  std::vector<double> values;
  for (const RowResult& row : source.results.rows)
    values.push_back(row.cell("accuracy/test")->mean);
  ASSERT_EQ(xs.size(), values.size());
  const auto far = std::minmax_element(values.begin(), values.end());
  const auto least = static_cast<std::size_t>(far.first - values.begin());
  const auto most = static_cast<std::size_t>(far.second - values.begin());
  const double scale = (xs[most] - xs[least]) / (values[most] - values[least]);
  EXPECT_GT(scale, 0);
  for (std::size_t i = 0; i < xs.size(); ++i)
    EXPECT_NEAR(xs[i], xs[least] + scale * (values[i] - values[least]), 0.01);
}

TEST_F(OnPaper, APdfHasTheTextAndAPngThePixels) {
  plotted("column-accuracy-test", "pdf");
  const fs::path text = scratch_.path() / "picture.txt";
  ASSERT_EQ(::oubli::run_program({"pdftotext", scratch_.path() / "picture.pdf", text}, "/dev/null",
                                 "/dev/null")
                .status,
            0);
  for (const char* words : {"gradient_ascent", "noise floor", "test acc."})
    EXPECT_THAT(testing::read_text(text), HasSubstr(words));
  const std::string png = plotted("column-accuracy-test", "png");
  ASSERT_GT(png.size(), 24);
  EXPECT_EQ(png.substr(1, 3), "PNG");
  const auto big_endian = [&](std::size_t from) {
    std::size_t number = 0;
    for (std::size_t i = 0; i < 4; ++i)
      number = 256 * number + static_cast<unsigned char>(png[from + i]);
    return number;
  };
  EXPECT_EQ(big_endian(16), 3 * 640) << "three pixels for each of the asked width";
}

TEST_F(OnPaper, EveryFigureCanBeDrawn) {
  for (const char* what : {"privacy-utility", "curve-loss-forget", "curve-attack-loss",
                           "sweep-finetune", "layers-retrain", "curve-relearning-loss"}) {
    EXPECT_TRUE(plotted(what, "svg").starts_with("<svg")) << what;
  }
}

TEST(PlotCommand, SaysWhichFiguresThereAre) {
  const std::string folder = small_run().folder.string();
  EXPECT_THAT(run_program({"plot", folder}).out, HasSubstr("column-accuracy-test"));
  const testing::ProgramResult wrong =
      run_program({"plot", folder, "--what", "colum-accuracy-test"});
  EXPECT_EQ(wrong.status, 2);
  EXPECT_THAT(wrong.err, HasSubstr("did you mean 'column-accuracy-test'?"));
}

}  // namespace
}  // namespace oubli
