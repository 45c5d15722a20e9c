#include "experiments/engine/report/page/figure.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "experiments/engine/report/page/page.h"
#include "tests/support/small_run.h"
#include "tests/support/temporary_folder.h"

namespace oubli {
namespace {

const PageSource& pictured() {
  static const PageSource source = load_page_source(testing::small_run().folder, builtin_metrics());
  return source;
}

std::vector<Figure> small_figures() {
  return figures_of({pictured().results, pictured().evidence});
}

const Json& data_of(const Figure& figure, const std::string& name) {
  for (const Json& set : figure.spec.at("data")) {
    if (set.at("name") == name) return set.at("values");
  }
  ADD_FAILURE() << figure.name << " has no " << name;
  static const Json none = Json::array();
  return none;
}

const Figure& figure(const std::vector<Figure>& figures, const std::string& name) {
  const auto found = std::find_if(figures.begin(), figures.end(),
                                  [&](const Figure& each) { return each.name == name; });
  EXPECT_NE(found, figures.end()) << name;
  return *found;
}

TEST(Figures, HaveNamesOfTheirOwnAndWordsForWhoDoesNotSee) {
  std::set<std::string> names, sections;
  for (const FigureSection& section : kFigureSections) sections.insert(section.name);
  for (const Figure& each : small_figures()) {
    EXPECT_TRUE(names.insert(each.name).second) << each.name;
    EXPECT_TRUE(sections.contains(each.section)) << each.section;
    EXPECT_GT(each.alternative.size(), 20) << each.name;
    EXPECT_FALSE(each.title.empty());
  }
  for (const char* name :
       {"privacy-utility", "privacy-cost", "column-accuracy-forget", "curve-loss-forget",
        "curve-attack-loss", "curve-relearning-loss", "curve-attack-ulira", "sweep-finetune",
        "layers-retrain", "spectrum-ggn"}) {
    EXPECT_TRUE(names.contains(name)) << name;
  }
}

TEST(ColumnFigure, HoldsTheCellsOfTheTableAndTheMarginOfTheVerdicts) {
  const std::vector<Figure> figures = small_figures();
  const Results& results = pictured().results;
  for (const std::string& column : decisive_columns(results)) {
    const Figure& shown = figure(figures, "column-" + figure_name(column));
    for (const Json& mean : data_of(shown, "means")) {
      const RowResult& row = *results.find(mean.at("row"));
      EXPECT_EQ(mean.at("value"), row.cell(column)->mean);
    }
    for (const Json& seeds : data_of(shown, "seeds"))
      EXPECT_EQ(seeds.at("value").size(), results.find(seeds.at("row"))->seed_means(column).size());
    for (const Json& band : data_of(shown, "bands")) {
      const RowResult& row = *results.find(band.at("row"));
      if (row.is_noise_floor()) continue;
      for (const ColumnVerdict& verdict : judge(results, row).columns) {
        if (verdict.column != column) continue;
        EXPECT_EQ(band.at("mean"), verdict.comparison.oracles.mean);
        // The band may be cut off at the axis' end, never wider.
        EXPECT_LE(band.at("to").get<double>() - band.at("mean").get<double>(),
                  verdict.comparison.margin.value * (1 + 1e-9));
      }
    }
  }
}

TEST(TradeoffFigure, HasAPointForEveryRowWithNumbers) {
  const std::vector<Figure> figures = small_figures();
  const Json& points = data_of(figure(figures, "privacy-utility"), "points");
  EXPECT_EQ(points.size(), pictured().results.rows.size());
  // One along each axis for either noise floor: the sweep's rows have one of their own.
  EXPECT_EQ(data_of(figure(figures, "privacy-utility"), "bands").size(), 4);
}

TEST(SweepFigure, MarksWhatWasTaken) {
  const std::vector<Figure> figures = small_figures();
  const Json& points = data_of(figure(figures, "sweep-finetune"), "points");
  const auto taken = std::count_if(points.begin(), points.end(),
                                   [](const Json& point) { return point.at("kind") == "chosen"; });
  EXPECT_EQ(taken, 4) << "one for each training seed";
  EXPECT_EQ(points.size(), 8);
}

// Every probe counts each eigenvalue once.
TEST(SpectrumFigure, CountsAllEigenvalues) {
  const std::vector<Figure> figures = small_figures();
  double sum = 0;
  for (const Json& mean : data_of(figure(figures, "spectrum-ggn"), "means"))
    sum += mean.at("value").get<double>();
  EXPECT_NEAR(sum, 64 * 10 + 10, 1e-6) << "as many as there are parameters";
}

// Sources with a header are what several figures share.
TEST(Figures, EverySourceHasALineInTheDefFile) {
  const std::filesystem::path folder =
      std::filesystem::path(OUBLI_SOURCE_DIR) / "experiments/engine/report/page";
  const std::string lines = testing::read_text(folder / "figures.def");
  std::size_t figures = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder / "figures")) {
    std::filesystem::path header = entry.path();
    header.replace_extension(".h");
    if (entry.path().extension() != ".cpp" || std::filesystem::exists(header)) continue;
    ++figures;
    EXPECT_NE(lines.find("OUBLI_FIGURES(" + entry.path().stem().string() + ")"), std::string::npos)
        << entry.path();
  }
  EXPECT_GT(figures, 5);
}

TEST(FigureName, IsOfLettersDigitsAndDashes) {
  EXPECT_EQ(figure_name("accuracy/forget_true"), "accuracy-forget-true");
  EXPECT_EQ(figure_name("../.. é x"), "x");
}

}  // namespace
}  // namespace oubli
