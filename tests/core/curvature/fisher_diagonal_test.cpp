#include "core/curvature/fisher_diagonal.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "core/curvature/curvature.h"
#include "tests/support/problems.h"

namespace oubli {
namespace {

using testing::all_of;
using testing::make_dataset;
using testing::make_model;

TEST(FisherDiagonal, SoftmaxRegressionInClosedForm) {
  const auto data = make_dataset(40, 5, 3);
  const Model model = make_model("logistic", "{}", *data);
  CostMeter cost;
  const Tensor fisher = expected_fisher_diagonal(model, all_of(data), cost);
  const Tensor p = model.forward(data->inputs).softmax(1).detach();
  const Tensor q = p * (1 - p);
  const Tensor weight = q.t().mm(data->inputs.square()) / 40;
  const Tensor expected = at::cat({weight.flatten(), q.mean(0)});
  EXPECT_LT((fisher - expected).abs().max().item<double>(), 1e-14);
  EXPECT_EQ(cost.sample_gradients(), 40 * 3);
}

// For softmax cross-entropy the expected Fisher is the GGN.
TEST(FisherDiagonal, IsTheDiagonalOfTheGgn) {
  const auto data = make_dataset(17, 4, 3);
  const Subset subset = all_of(data);
  const Model model = make_model("mlp", "{hidden: [4, 3], activation: tanh}", *data);
  const Objective objective{Loss::kCrossEntropy, 0};
  CostMeter cost;
  const Tensor ggn =
      CurvatureOperator(CurvatureKind::kGgn, model, subset, objective, cost).as_dense();
  for (const std::int64_t batch : {1, 5, 17}) {
    const Tensor fisher = expected_fisher_diagonal(model, subset, cost, batch);
    EXPECT_LT((fisher - ggn.diagonal()).abs().max().item<double>(), 1e-13);
  }
}

TEST(FisherDiagonal, IsTheDiagonalOfTheGgnForConvolutions) {
  Generator generator(2);
  auto data = std::make_shared<Dataset>();
  data->inputs = generator.normal({3, 1, 28, 28}, at::kDouble);
  data->targets = at::tensor({0, 1, 2}, at::kLong);
  data->outputs = 3;
  const Subset subset = all_of(data);
  const Model model = make_model("lenet5", "{}", *data);
  const Objective objective{Loss::kCrossEntropy, 0};
  CostMeter cost;
  const Tensor fisher = expected_fisher_diagonal(model, subset, cost, 2);
  const CurvatureOperator ggn(CurvatureKind::kGgn, model, subset, objective, cost);
  for (const std::int64_t i : {0, 30, 149, 160, 2000, 10000, 50000}) {
    Tensor unit = at::zeros({model.dim(), 1}, at::kDouble);
    unit[i] = 1;
    EXPECT_NEAR(fisher[i].item<double>(), ggn.apply(unit)[i].item<double>(), 1e-13);
  }
}

}  // namespace
}  // namespace oubli
