#include "core/train/least_squares.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "experiments/selftest/problems.h"
#include "tests/support/expect_error.h"
#include "tests/support/methods.h"

namespace oubli {
namespace {

using testing::all_of;
using testing::make_dataset;
using testing::make_model;

TEST(LeastSquares, IsTheMinimum) {
  const auto data = make_dataset(60, 5, 0);
  Subset subset = all_of(data);
  subset.weights = at::arange(1, 61, at::kDouble) / 30;
  for (const char* settings : {"{}", "{bias: false}"}) {
    Model model = make_model("linear", settings, *data);
    const Objective objective{LossKind::kSquaredError, 0.3};
    CostMeter cost, reporting;
    EXPECT_EQ(solve_least_squares(model, subset, objective, cost), "");
    EXPECT_EQ(cost.sample_gradients(), 60);
    EXPECT_LT(
        value_and_gradient(model, subset, objective, reporting).gradient.norm().item<double>(),
        1e-13);
  }
}

TEST(LeastSquares, IsAnOptimizer) {
  const auto data = make_dataset(60, 5, 0);
  Task task = testing::removal_task(data, 10, 0.1);
  task.recipe.optimizer.name = "least_squares";
  Model model = make_model("linear", "{}", *data);
  Context context(0);
  const TrainingReport report = train(model, task.retain, task.recipe, context);
  EXPECT_EQ(report.status, TrainingStatus::kConverged);
  EXPECT_LT(report.gradient_norm, 1e-13);
}

TEST(LeastSquares, SaysWhereThereAreManyMinima) {
  const auto data = make_dataset(4, 6, 0);
  Model model = make_model("linear", "{bias: false}", *data);
  CostMeter cost;
  EXPECT_THAT(solve_least_squares(model, all_of(data), {LossKind::kSquaredError, 0}, cost),
              ::testing::HasSubstr("more minima than one"));
  EXPECT_LT(value_only(model, all_of(data), {LossKind::kSquaredError, 0}, cost).loss, 1e-15);
}

TEST(LeastSquares, IsForLinearModels) {
  const auto data = make_dataset(20, 3, 0);
  Model model = make_model("mlp", "{hidden: [4]}", *data);
  CostMeter cost;
  EXPECT_ERROR(ErrorKind::kUsage,
               solve_least_squares(model, all_of(data), {LossKind::kSquaredError, 0}, cost),
               ::testing::HasSubstr("linear models"));
}

}  // namespace
}  // namespace oubli
