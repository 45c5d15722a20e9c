#include "core/train/lbfgs.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "core/base/random.h"

namespace oubli {
namespace {

TEST(Lbfgs, SolvesAnIllConditionedQuadratic) {
  const Tensor scales = at::logspace(0, 4, 20, 10.0, at::kDouble);
  const Tensor goal = at::ones({20}, at::kDouble);
  const SmoothFunction f = [&](const Tensor& x, Tensor& gradient) {
    gradient = scales * (x - goal);
    return 0.5 * ((x - goal) * gradient).sum().item<double>();
  };
  Tensor x = at::zeros({20}, at::kDouble);
  const LbfgsReport report = minimise_lbfgs(f, x, {.tolerance = 1e-10});
  EXPECT_EQ(report.status, LbfgsStatus::kConverged) << report.message;
  EXPECT_LT((x - goal).abs().max().item<double>(), 1e-9);
}

TEST(Lbfgs, SolvesRosenbrock) {
  const SmoothFunction f = [](const Tensor& x, Tensor& gradient) {
    const double a = x[0].item<double>(), b = x[1].item<double>();
    gradient = at::tensor({-400 * a * (b - a * a) - 2 * (1 - a), 200 * (b - a * a)}, at::kDouble);
    return 100 * (b - a * a) * (b - a * a) + (1 - a) * (1 - a);
  };
  Tensor x = at::tensor({-1.2, 1.0}, at::kDouble);
  const LbfgsReport report = minimise_lbfgs(f, x, {.tolerance = 1e-9});
  EXPECT_EQ(report.status, LbfgsStatus::kConverged) << report.message;
  EXPECT_NEAR(x[0].item<double>(), 1, 1e-8);
}

TEST(Lbfgs, SaysWhenIterationsRanOut) {
  const SmoothFunction f = [](const Tensor& x, Tensor& gradient) {
    gradient = 4 * x.pow(3);
    return x.pow(4).sum().item<double>();
  };
  Tensor x = at::ones({3}, at::kDouble);
  const LbfgsReport report = minimise_lbfgs(f, x, {.tolerance = 1e-12, .max_iterations = 3});
  EXPECT_EQ(report.status, LbfgsStatus::kMaxIterations);
  EXPECT_EQ(report.iterations, 3);
}

TEST(Lbfgs, SaysWhenTheFunctionIsNotFinite) {
  const SmoothFunction f = [](const Tensor& x, Tensor& gradient) {
    gradient = x.clone();
    return std::numeric_limits<double>::quiet_NaN();
  };
  Tensor x = at::ones({3}, at::kDouble);
  EXPECT_EQ(minimise_lbfgs(f, x, {}).status, LbfgsStatus::kNonFinite);
}

TEST(Lbfgs, StopsWhenAsked) {
  const SmoothFunction f = [](const Tensor& x, Tensor& gradient) {
    gradient = x.clone();
    return 0.5 * x.square().sum().item<double>();
  };
  Tensor x = at::ones({3}, at::kDouble);
  EXPECT_EQ(minimise_lbfgs(f, x, {}, [] { return true; }).status, LbfgsStatus::kStopped);
}

}  // namespace
}  // namespace oubli
