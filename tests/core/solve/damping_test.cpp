#include "core/solve/damping.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "tests/support/operators.h"

namespace oubli {
namespace {

using testing::CountingOperator;
using ::testing::HasSubstr;
using testing::log_spaced;
using testing::matrix_with;

DampingChoice choose(const Tensor& values, double l2, double kappa = kConditionTarget,
                     std::optional<double> floor = std::nullopt) {
  const CountingOperator matrix(matrix_with(values), floor);
  Generator generator(1);
  const DampingChoice choice = choose_damping(matrix, l2, generator, kappa);
  EXPECT_EQ(choice.products, matrix.columns());
  EXPECT_GE(choice.smallest, values.min().item<double>() - 1e-12);
  EXPECT_LE(choice.largest, values.max().item<double>() + 1e-12);
  return choice;
}

TEST(Damping, TheRegulariserMayBeEnough) {
  const DampingChoice choice = choose(log_spaced(0.01, 10, 15), 0.01);
  EXPECT_EQ(choice.value, 0);
  EXPECT_THAT(choice.why, HasSubstr("regulariser"));
}

TEST(Damping, TheConditionIsHeld) {
  // Already holds 0.001: what is missing is added.
  const DampingChoice choice = choose(log_spaced(0.001, 10, 15), 0.001, 1e3);
  EXPECT_NEAR(choice.value, (10 - 0.001) / 1e3 - 0.001, 1e-9);
  EXPECT_THAT(choice.why, HasSubstr("largest eigenvalue"));
}

TEST(Damping, NegativeEigenvaluesAreOvercome) {
  const Tensor values = at::cat({log_spaced(0.1, 10, 14), at::tensor({-2.0}, at::kDouble)});
  const double l2 = 0.5;
  const DampingChoice choice = choose(values, l2);
  // The loss alone has -2.5; the total on its diagonal is 2.75, of which 0.5 is there.
  EXPECT_NEAR(choice.value, 2.25, 1e-9);
  EXPECT_THAT(choice.why, HasSubstr("most negative"));
  EXPECT_GT(-2.0 + choice.value, 0);
}

// A short run of a large matrix has not converged: the Ritz residual is allowed for.
TEST(Damping, IsSafeBeforeTheEndsHaveConverged) {
  const Tensor values = at::linspace(-1, 10, 400, at::kDouble);
  const CountingOperator matrix(matrix_with(values));
  Generator generator(1);
  const DampingChoice choice = choose_damping(matrix, 0, generator, kConditionTarget, 8);
  EXPECT_GT(choice.smallest, -1);
  EXPECT_GT(choice.value, 1);
}

TEST(Damping, TheFloorOfTheOperatorIsBelieved) {
  // Ritz values of a float32 model's GGN fall a little below the floor by rounding.
  const Tensor values = at::linspace(0.1, 10, 300, at::kDouble);
  EXPECT_EQ(choose(values, 0.1, 1e4, 0.1).value, 0);
}

TEST(Damping, NonFiniteProductsAreSaid) {
  const DenseOperator matrix(at::full({3, 3}, std::nan(""), at::kDouble));
  Generator generator(1);
  const DampingChoice choice = choose_damping(matrix, 0, generator);
  EXPECT_FALSE(choice.is_finite);
  EXPECT_EQ(choice.value, 0);
}

// On a quadratic the model is the function: the ratio is 1.
TEST(LevenbergMarquardt, TheRatioOfAQuadraticIsOne) {
  const Tensor a = matrix_with(log_spaced(0.1, 3, 6));
  Generator generator(1);
  const Tensor b = generator.normal({6}, at::kDouble);
  const Tensor x = at::linalg_solve(a, b) + 0.1;
  const double actual = -(0.5 * x.dot(a.mv(x)) - b.dot(x)).item<double>();
  EXPECT_NEAR(reduction_ratio(actual, predicted_decrease(b, x, a.mv(x))), 1, 1e-13);
}

TEST(LevenbergMarquardt, DampingFollowsTheRatio) {
  EXPECT_DOUBLE_EQ(adapted_damping(3, 0.9), 2);
  EXPECT_DOUBLE_EQ(adapted_damping(3, 0.5), 3);
  EXPECT_DOUBLE_EQ(adapted_damping(3, 0.1), 4.5);
  EXPECT_DOUBLE_EQ(adapted_damping(3, -1), 4.5);
  EXPECT_DOUBLE_EQ(adapted_damping(3, reduction_ratio(1, -1)), 4.5);
  EXPECT_DOUBLE_EQ(adapted_damping(3, std::numeric_limits<double>::infinity()), 4.5);
}

}  // namespace
}  // namespace oubli
