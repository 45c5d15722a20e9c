#include <gtest/gtest.h>

#include "core/solve/solver.h"
#include "tests/support/numbers.h"
#include "tests/support/operators.h"

namespace oubli {
namespace {

using testing::CountingOperator;
using testing::log_spaced;
using testing::matrix_with;
using testing::random;

TEST(BlockConjugateGradient, ColumnsHelpEachOther) {
  const Tensor a = matrix_with(log_spaced(1e-4, 1, 200));
  const Tensor b = random({200, 8});
  const SolverLimits limits{.tolerance = 1e-8, .max_iterations = 2000};
  const CountingOperator single(a);
  const CountingOperator block(a);
  const Solution alone = make_solver("cg", limits)->solve({single, b});
  const Solution shared = make_solver("block_cg", limits)->solve({block, b});
  EXPECT_EQ(shared.report.status, SolveStatus::kConverged) << shared.report.message;
  EXPECT_LT(block.columns(), 0.7 * static_cast<double>(single.columns()));
  EXPECT_LT(3 * shared.report.iterations, alone.report.iterations);
}

TEST(BlockConjugateGradient, CopiesOfAColumnCostNothing) {
  const Tensor a = matrix_with(log_spaced(0.1, 1, 30));
  const Tensor b = random({30, 1});
  const CountingOperator one(a);
  const CountingOperator many(a);
  const auto solver = make_solver("block_cg", {.tolerance = 1e-10});
  const Solution single = solver->solve({one, b});
  const Solution copies = solver->solve({many, b * at::linspace(1, 5, 5, at::kDouble)});
  EXPECT_EQ(copies.report.status, SolveStatus::kConverged) << copies.report.message;
  EXPECT_EQ(copies.report.iterations, single.report.iterations);
  EXPECT_LE(many.columns(), one.columns() + 4);  // each copy's closing residual
}

}  // namespace
}  // namespace oubli
