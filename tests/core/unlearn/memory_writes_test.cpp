#include "core/unlearn/memory_writes.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/expect_error.h"
#include "tests/support/numbers.h"

namespace oubli {
namespace {

using testing::random;
using testing::relative_error;

Tensor positive(std::int64_t n) {
  const Tensor a = random({n, 2 * n}, 7);
  return a.mm(a.t()) / (2.0 * static_cast<double>(n));
}

struct WriteProblem {
  Tensor c = positive(9);
  Tensor keys = random({9, 4}, 3);
  Tensor residual = random({5, 4}, 4);
};

// The rows of D are ridge regressions of the rows of R on the keys, with c's root as more data.
TEST(RidgeWrite, IsALeastSquaresProblem) {
  const WriteProblem p;
  const Tensor points = at::cat({p.keys.t(), at::linalg_cholesky(p.c).t()});
  const Tensor wanted = at::cat({p.residual.t(), at::zeros({9, 5}, at::kDouble)});
  const Tensor solved = std::get<0>(at::linalg_lstsq(points, wanted, std::nullopt, "gelsd"));
  EXPECT_LT(relative_error(ridge_write(p.c, p.keys, p.residual), solved.t()), 1e-10);
}

TEST(MetricWrite, IsTheRidgeOfAMultipleOfItsMetric) {
  const WriteProblem p;
  EXPECT_LT(relative_error(metric_write(p.c, p.keys, p.residual, 0.3),
                           ridge_write(0.3 * p.c, p.keys, p.residual)),
            1e-10);
}

// min tr(D C D') subject to D K = R, by its Lagrange conditions in one dense system.
TEST(MetricWrite, WithNothingLeftBehindIsTheSmallestChangeThatReachesTheValues) {
  const WriteProblem p;
  const Tensor system = at::cat(
      {at::cat({2 * p.c, p.keys}, 1), at::cat({p.keys.t(), at::zeros({4, 4}, at::kDouble)}, 1)});
  const Tensor right = at::cat({at::zeros({9, 5}, at::kDouble), p.residual.t()});
  const Tensor solved = at::linalg_solve(system, right).narrow(0, 0, 9).t();
  const Tensor change = metric_write(p.c, p.keys, p.residual, 0);
  EXPECT_LT(relative_error(change, solved), 1e-10);
  EXPECT_LT(relative_error(change.mm(p.keys), p.residual), 1e-12);
}

TEST(Writes, OfNoKeysAreNothing) {
  const WriteProblem p;
  const Tensor none = at::zeros({9, 0}, at::kDouble), nothing = at::zeros({5, 0}, at::kDouble);
  const Tensor zeros = at::zeros({5, 9}, at::kDouble);
  EXPECT_TRUE(ridge_write(p.c, none, nothing).equal(zeros));
  EXPECT_TRUE(metric_write(p.c, none, nothing, 0).equal(zeros));
}

TEST(Writes, SayWhereKeysDetermineNothing) {
  const WriteProblem p;
  const Tensor nothing = at::zeros({9, 9}, at::kDouble);
  EXPECT_ERROR(ErrorKind::kTask, ridge_write(nothing, p.keys, p.residual),
               ::testing::HasSubstr("not positive definite"));
  const Tensor twice = at::cat({p.keys, p.keys}, 1);
  EXPECT_ERROR(ErrorKind::kTask,
               metric_write(p.c, at::cat({twice, twice}, 1), at::zeros({5, 16}, at::kDouble), 0),
               ::testing::HasSubstr("ask for fewer facts"));
}

}  // namespace
}  // namespace oubli
