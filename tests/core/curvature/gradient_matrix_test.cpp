#include "core/curvature/gradient_matrix.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "experiments/selftest/problems.h"
#include "tests/support/curvature.h"

namespace oubli {
namespace {

class GradientMatrixOf : public ::testing::TestWithParam<std::string> {};

TEST_P(GradientMatrixOf, IsTheOneThatIsWrittenOut) {
  const testing::CurvatureProblem problem = testing::curvature_problem(GetParam());
  const Tensor rows = testing::dense_gradients(problem.model, problem.subset, problem.objective);
  CostMeter cost;
  const GradientMatrix matrix(problem.model, problem.subset, problem.objective, cost);
  EXPECT_EQ(cost.sample_gradients(), static_cast<double>(problem.subset.size()));
  Generator generator(2);
  const Tensor v = generator.normal({problem.model.dim()}, at::kDouble);
  const Tensor w = generator.normal({problem.subset.size()}, at::kDouble);
  const auto expect_same = [](const Tensor& found, const Tensor& expected) {
    EXPECT_LT((found - expected).abs().max().item<double>(),
              1e-12 * (1 + expected.abs().max().item<double>()));
  };
  expect_same(matrix.gram(), at::mm(rows, rows.t()));
  expect_same(matrix.squared_norms(), rows.square().sum(1));
  const Subset few = problem.subset.with_rows(problem.subset.rows.narrow(0, 1, 3));
  const GradientMatrix other(problem.model, few, problem.objective, cost);
  expect_same(matrix.products(other),
              at::mm(rows, testing::dense_gradients(problem.model, few, problem.objective).t()));
  expect_same(matrix.times(v), at::mv(rows, v));
  expect_same(matrix.transposed_times(w), at::mv(rows.t(), w));
}

INSTANTIATE_TEST_SUITE_P(Problems, GradientMatrixOf,
                         ::testing::ValuesIn(testing::curvature_problem_names()),
                         [](const auto& test) { return test.param; });

TEST(GradientMatrix, OfAnEmptySetHasNoRows) {
  const auto data = testing::make_dataset(5, 2, 2);
  const Model model = testing::make_model("logistic", "{}", *data);
  CostMeter cost;
  const GradientMatrix matrix(model, {data, at::empty({0}, at::kLong), {}},
                              {LossKind::kCrossEntropy, 0}, cost);
  EXPECT_EQ(matrix.rows(), 0);
  EXPECT_EQ(matrix.times(at::zeros({model.dim()}, at::kDouble)).numel(), 0);
}

}  // namespace
}  // namespace oubli
