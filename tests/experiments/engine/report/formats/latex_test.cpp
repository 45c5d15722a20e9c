// table.tex in a real LaTeX.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "experiments/engine/report/formats/formats.h"
#include "tests/support/required.h"
#include "tests/support/small_run.h"
#include "tests/support/temporary_folder.h"

namespace oubli {
namespace {

TEST(LatexTable, CompilesWhateverNamesSay) {
  if (testing::is_missing(testing::has_program("pdflatex"), "pdflatex with booktabs"))
    GTEST_SKIP() << "no pdflatex";
  Results results = load_results(testing::small_run().folder.string(), builtin_metrics());
  results.rows[1].name = R"(\end{tabular} 100 % of $x_1^2$ & {a} ~ # [1])";
  results.rows[2].name = R"([*] \input{/etc/passwd} \\)";
  const testing::TemporaryFolder scratch;
  scratch.write("table.tex", latex_table(report_model(results)));
  scratch.write("paper.tex",
                "\\documentclass{article}\n\\usepackage{booktabs}\n\\begin{document}\n"
                "\\input{table.tex}\n\\end{document}\n");
  const std::string command =
      fmt::format("cd '{}' && pdflatex -halt-on-error -interaction=nonstopmode paper.tex > log.txt",
                  scratch.path().string());
  EXPECT_EQ(std::system(command.c_str()), 0) << testing::read_text(scratch.path() / "log.txt");
  EXPECT_TRUE(std::filesystem::exists(scratch.path() / "paper.pdf"));
}

}  // namespace
}  // namespace oubli
