#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/base/settings_file.h"
#include "core/solve/solver.h"
#include "tests/support/expect_error.h"
#include "tests/support/operators.h"

namespace oubli {
namespace {

using testing::CountingOperator;
using ::testing::HasSubstr;
using testing::log_spaced;
using testing::matrix_with;

TEST(Direct, RefusesALargeMatrixBeforeItIsFormed) {
  const CountingOperator matrix(at::eye(30, at::kDouble));
  const auto solver = make_solver("direct", Settings(parse_settings("max_dim: 20", "test")));
  EXPECT_ERROR(ErrorKind::kUsage, solver->solve({matrix, at::ones({30}, at::kDouble)}),
               HasSubstr("limit 20"));
  EXPECT_EQ(matrix.columns(), 0);
}

TEST(Direct, CostsTheMatrixAndTheClosingResidual) {
  const CountingOperator matrix(matrix_with(log_spaced(0.1, 10, 12)));
  const Solution solution =
      make_solver("direct")->solve({matrix, Generator(1).normal({12, 2}, at::kDouble)});
  EXPECT_EQ(matrix.columns(), 12 + 2);
  EXPECT_NEAR(*solution.report.smallest_ritz, 0.1, 1e-6);
  EXPECT_NEAR(*solution.report.largest_ritz, 10, 1e-2);
}

TEST(Direct, SolvesAnIndefiniteMatrixAndNamesTheDirection) {
  const DenseOperator matrix(at::tensor({2.0, -4.0}, at::kDouble).diag());
  const Solution solution = make_solver("direct")->solve({matrix, at::ones({2}, at::kDouble)});
  EXPECT_EQ(solution.report.status, SolveStatus::kConverged);
  EXPECT_TRUE(at::allclose(solution.x, at::tensor({0.5, -0.25}, at::kDouble)));
  EXPECT_NEAR(*solution.report.rayleigh_quotient, -4, 1e-14);
}

}  // namespace
}  // namespace oubli
