// The programs of experiments/README.md that read results, in pandas and in R.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <optional>
#include <sstream>

#include "core/evaluate/metric.h"
#include "experiments/engine/report/results.h"
#include "tests/support/python.h"
#include "tests/support/required.h"
#include "tests/support/small_run.h"
#include "tests/support/temporary_folder.h"

namespace oubli {
namespace {

// The manual's program in a language, reading the small run.
std::string program_of_manual(const std::string& language) {
  const std::string manual =
      testing::read_text(std::string(OUBLI_SOURCE_DIR) + "/experiments/README.md");
  const std::string begin = "```" + language + "\n", folder = "results/quickstart";
  const std::size_t from = manual.find(begin) + begin.size();
  std::string program = manual.substr(from, manual.find("```", from) - from);
  program.replace(program.find(folder), folder.size(), testing::small_run().folder.string());
  return program;
}

// What it prints: a line that begins with the row, and two numbers.
void expect_means(const std::string& printed) {
  const Results results = load_results(testing::small_run().folder.string(), builtin_metrics());
  for (const RowResult& row : results.rows) {
    std::istringstream lines(printed);
    std::optional<double> accuracy, kl;
    for (std::string line; std::getline(lines, line);) {
      const std::size_t at = line.find(row.name + " ");
      if (at == std::string::npos || line.find_first_not_of(" 0123456789") < at) continue;
      std::istringstream numbers(line.substr(at + row.name.size()));
      double a = 0, b = 0;
      if (!accuracy && numbers >> a >> b) accuracy = a, kl = b;
    }
    ASSERT_TRUE(accuracy && kl) << row.name << " in\n" << printed;
    EXPECT_NEAR(*accuracy, row.cell("accuracy/test")->mean, 1e-4) << row.name;
    EXPECT_NEAR(*kl, row.cell("kl/forget")->mean, 1e-4) << row.name;
  }
}

TEST(ReadingInPython, GivesTheMeansOfTheTable) {
  if (testing::is_missing(testing::python_has("pandas"), "pandas"))
    GTEST_SKIP() << testing::python() << " has no pandas";
  const testing::TemporaryFolder scratch;
  scratch.write("read.py", program_of_manual("python"));
  const std::string command = fmt::format("cd '{0}' && '{1}' read.py > out.txt 2>&1",
                                          scratch.path().string(), testing::python());
  const int status = std::system(command.c_str());
  const std::string printed = testing::read_text(scratch.path() / "out.txt");
  ASSERT_EQ(status, 0) << printed;
  expect_means(printed);
  EXPECT_NE(printed.find("'original'"), std::string::npos) << "it is distinguishable: " << printed;
}

TEST(ReadingInR, GivesTheMeansOfTheTable) {
  if (testing::is_missing(testing::has_program("Rscript"), "R")) GTEST_SKIP() << "no Rscript";
  const testing::TemporaryFolder scratch;
  scratch.write("read.R", program_of_manual("r"));
  const std::string command =
      fmt::format("cd '{}' && Rscript read.R > out.txt 2>&1", scratch.path().string());
  const int status = std::system(command.c_str());
  const std::string printed = testing::read_text(scratch.path() / "out.txt");
  ASSERT_EQ(status, 0) << printed;
  expect_means(printed);
  EXPECT_NE(printed.find("\"original\""), std::string::npos)
      << "it is distinguishable: " << printed;
}

}  // namespace
}  // namespace oubli
