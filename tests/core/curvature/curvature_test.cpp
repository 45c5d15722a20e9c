#include "core/curvature/curvature.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "tests/support/problems.h"

namespace oubli {
namespace {

using testing::all_of;
using testing::make_dataset;
using testing::make_model;

struct Case {
  std::string architecture, settings;
  std::int64_t classes;
};

class Curvature : public ::testing::TestWithParam<Case> {
 protected:
  Curvature()
      : data_(make_dataset(23, 4, GetParam().classes)),
        subset_(all_of(data_)),
        model_(make_model(GetParam().architecture, GetParam().settings, *data_)),
        objective_{GetParam().classes > 0 ? Loss::kCrossEntropy : Loss::kSquaredError, 0.05} {}

  Tensor gradient_at(const Tensor& theta) {
    model_.set_theta(theta);
    return value_and_gradient(model_, subset_, objective_, cost_).gradient;
  }

  std::shared_ptr<const Dataset> data_;
  Subset subset_;
  Model model_;
  Objective objective_;
  CostMeter cost_;
};

TEST_P(Curvature, HessianIsTheDerivativeOfTheGradient) {
  const CurvatureOperator hessian(CurvatureKind::kHessian, model_, subset_, objective_, cost_);
  const Tensor dense = hessian.as_dense();
  EXPECT_LT((dense - dense.t()).abs().max().item<double>(), 1e-12);
  const Tensor theta = model_.theta().clone();
  Generator generator(3);
  const Tensor v = generator.normal({model_.dim()}, at::kDouble);
  const Tensor difference = (gradient_at(theta + 1e-5 * v) - gradient_at(theta - 1e-5 * v)) / 2e-5;
  EXPECT_LT((dense.mv(v) - difference).norm().item<double>(),
            1e-7 * difference.norm().item<double>());
}

TEST_P(Curvature, GgnIsSymmetricAndNoSmallerThanTheRegulariser) {
  const CurvatureOperator ggn(CurvatureKind::kGgn, model_, subset_, objective_, cost_);
  const Tensor dense = ggn.as_dense();
  EXPECT_LT((dense - dense.t()).abs().max().item<double>(), 1e-12);
  const Tensor eigenvalues = at::linalg_eigvalsh(dense);
  EXPECT_GE(eigenvalues.min().item<double>(), objective_.l2 - 1e-12);
}

TEST_P(Curvature, DoesNotDependOnBatches) {
  Generator generator(5);
  const Tensor v = generator.normal({model_.dim(), 2}, at::kDouble);
  subset_.weights = at::linspace(0.5, 2, 23, at::kDouble);
  for (const CurvatureKind kind : {CurvatureKind::kHessian, CurvatureKind::kGgn}) {
    const Tensor whole = CurvatureOperator(kind, model_, subset_, objective_, cost_, 23).apply(v);
    for (const std::int64_t batch : {1, 7, 22}) {
      const Tensor cut =
          CurvatureOperator(kind, model_, subset_, objective_, cost_, batch).apply(v);
      EXPECT_LT((cut - whole).abs().max().item<double>(), 1e-12);
    }
  }
}

TEST_P(Curvature, CountsTwoSampleGradientsForEachExampleAndColumn) {
  CostMeter cost;
  const CurvatureOperator ggn(CurvatureKind::kGgn, model_, subset_, objective_, cost, 10);
  ggn.apply(at::ones({model_.dim(), 3}, at::kDouble));
  EXPECT_EQ(cost.sample_gradients(), 2 * 23 * 3);
}

INSTANTIATE_TEST_SUITE_P(Models, Curvature,
                         ::testing::Values(Case{"logistic", "{}", 3},
                                           Case{"mlp", "{hidden: [3], activation: tanh}", 3},
                                           Case{"linear", "{}", 0},
                                           Case{"mlp", "{hidden: [3], activation: tanh}", 0}));

TEST(CurvatureKinds, AreEqualForModelsLinearInTheirParameters) {
  const auto data = make_dataset(23, 4, 3);
  const Subset subset = all_of(data);
  const Model model = make_model("logistic", "{}", *data);
  const Objective objective{Loss::kCrossEntropy, 0.1};
  CostMeter cost;
  const Tensor h =
      CurvatureOperator(CurvatureKind::kHessian, model, subset, objective, cost).as_dense();
  const Tensor g =
      CurvatureOperator(CurvatureKind::kGgn, model, subset, objective, cost).as_dense();
  EXPECT_LT((h - g).abs().max().item<double>(), 1e-13);
}

TEST(CurvatureKinds, RidgeHessianInClosedForm) {
  const auto data = make_dataset(30, 4, 0);
  const Subset subset = all_of(data);
  const Model model = make_model("linear", "{bias: false}", *data);
  const Objective objective{Loss::kSquaredError, 0.3};
  CostMeter cost;
  const Tensor expected = data->inputs.t().mm(data->inputs) / 30 + 0.3 * at::eye(4, at::kDouble);
  const Tensor h =
      CurvatureOperator(CurvatureKind::kHessian, model, subset, objective, cost).as_dense();
  EXPECT_LT((h - expected).abs().max().item<double>(), 1e-13);
}

TEST(CurvatureKinds, NonFiniteModelsAreRefused) {
  const auto data = make_dataset(10, 4, 3);
  const Subset subset = all_of(data);
  Model model = make_model("logistic", "{}", *data);
  model.set_theta(at::full({model.dim()}, 1e308, at::kDouble));
  const Objective objective;
  CostMeter cost;
  const CurvatureOperator h(CurvatureKind::kHessian, model, subset, objective, cost);
  EXPECT_THROW(h.apply(at::ones({model.dim(), 1}, at::kDouble)), Error);
}

TEST(CurvatureKinds, TraceEstimateIsUnbiased) {
  Generator generator(1);
  const Tensor a = generator.normal({12, 12}, at::kDouble);
  const DenseOperator matrix(a.mm(a.t()));
  const double trace = matrix.as_dense().trace().item<double>();
  // Rademacher probes: the variance is 2 (||A||_F^2 - ||diag A||^2).
  const Tensor dense = matrix.as_dense();
  const double variance =
      2 * (dense.square().sum() - dense.diagonal().square().sum()).item<double>();
  EXPECT_NEAR(estimate_trace(matrix, 4000, generator), trace, 5 * std::sqrt(variance / 4000));
}

}  // namespace
}  // namespace oubli
