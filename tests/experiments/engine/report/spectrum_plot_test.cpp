#include "experiments/engine/report/spectrum_plot.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <sstream>

namespace oubli {
namespace {

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

SpectrumEstimate spectrum(std::vector<double> nodes, std::vector<double> weights) {
  SpectrumEstimate estimate;
  estimate.nodes = at::tensor(nodes, at::kDouble);
  estimate.weights = at::tensor(weights, at::kDouble);
  return estimate;
}

TEST(SpectrumPlot, PutsEachEigenvalueIntoItsHalfDecade) {
  // The largest on an edge, one just below it, a negative one, and many near zero.
  const auto lines =
      lines_of(spectrum_plot(spectrum({-0.5, 1e-9, 9.9, 10.0}, {0.01, 0.97, 0.01, 0.01}), 100, 80));
  ASSERT_EQ(lines.size(), 5u);
  EXPECT_NE(lines[1].find("-1.0e+00 to -3.2e-01"), std::string::npos) << lines[1];
  EXPECT_NE(lines[2].find("|x| <"), std::string::npos) << lines[2];
  EXPECT_NE(lines[2].find(" 97 "), std::string::npos) << lines[2];
  EXPECT_NE(lines[3].find("3.2e+00 to  1.0e+01"), std::string::npos) << lines[3];
  EXPECT_NE(lines[4].find("1.0e+01 to  3.2e+01"), std::string::npos) << lines[4];
}

TEST(SpectrumPlot, FitsTheTerminal) {
  const SpectrumEstimate wide = spectrum({-1e-3, 1e-9, 1.0}, {0.1, 0.8, 0.1});
  for (const std::size_t columns : {60u, 80u, 120u}) {
    for (const std::string& line : lines_of(spectrum_plot(wide, 1'000'000, columns))) {
      EXPECT_LE(line.size(), columns) << line;
    }
  }
}

TEST(SpectrumPlot, BarsGrowWithTheCount) {
  const auto lines = lines_of(spectrum_plot(spectrum({0.01, 1.0}, {0.99, 0.01}), 10'000, 80));
  ASSERT_EQ(lines.size(), 3u);
  const auto bar = [](const std::string& line) {
    return std::count(line.begin(), line.end(), '#');
  };
  EXPECT_GT(bar(lines[1]), bar(lines[2]));
  EXPECT_GT(bar(lines[2]), 0);
}

TEST(SpectrumPlot, SaysWhereThereIsNothing) {
  EXPECT_NE(spectrum_plot(spectrum({0.0}, {1.0}), 5, 80).find('0'), std::string::npos);
}

}  // namespace
}  // namespace oubli
