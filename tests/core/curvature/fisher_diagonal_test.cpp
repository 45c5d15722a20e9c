#include "core/curvature/fisher_diagonal.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "core/base/settings_file.h"
#include "core/curvature/example_gradients.h"
#include "experiments/selftest/problems.h"
#include "tests/support/curvature.h"
#include "tests/support/numbers.h"

namespace oubli {
namespace {

using testing::all_of;
using testing::curvature_problem;
using testing::CurvatureProblem;
using testing::largest;
using testing::make_dataset;
using testing::make_model;

Tensor diagonal(FisherTargets targets, const CurvatureProblem& p,
                const FisherDiagonalOptions& options = {}) {
  CostMeter cost;
  return fisher_diagonal(targets, p.model, p.subset, p.objective, cost, options).values;
}

TEST(FisherDiagonal, SoftmaxRegressionInClosedForm) {
  const auto data = make_dataset(40, 5, 3);
  const Model model = make_model("logistic", "{}", *data);
  CostMeter cost;
  const Tensor fisher =
      fisher_diagonal(FisherTargets::kExpected, model, all_of(data), {}, cost).values;
  const Tensor p = model.forward(data->inputs).softmax(1).detach();
  const Tensor q = p * (1 - p);
  const Tensor weight = q.t().mm(data->inputs.square()) / 40;
  const Tensor expected = at::cat({weight.flatten(), q.mean(0)});
  EXPECT_LT(largest(fisher - expected), 1e-14);
  EXPECT_NEAR(cost.sample_gradients(), 40 * (1 + 2 * 3) / 3.0, 1e-9);
}

class FisherDiagonals : public ::testing::TestWithParam<std::string> {
 protected:
  FisherDiagonals() : p_(curvature_problem(GetParam())) {
    p_.subset.weights = at::linspace(0.5, 2, 13, at::kDouble);
  }
  CurvatureProblem p_;
};

TEST_P(FisherDiagonals, AreTheDiagonalsOfTheirMatrices) {
  const Tensor empirical = dense_empirical_fisher(p_).diagonal();
  const Tensor expected = dense_ggn(p_).diagonal();  // the expected Fisher of both losses
  for (const std::int64_t batch : {1, 5, 13}) {
    EXPECT_LT(largest(diagonal(FisherTargets::kEmpirical, p_, {.batch_size = batch}) - empirical),
              1e-12 * largest(empirical));
    EXPECT_LT(largest(diagonal(FisherTargets::kExpected, p_, {.batch_size = batch}) - expected),
              1e-12 * largest(expected));
  }
}

TEST_P(FisherDiagonals, DrawsApproachTheExpectation) {
  const Tensor exact = diagonal(FisherTargets::kExpected, p_);
  const auto error = [&](std::int64_t draws) {
    const Tensor drawn = diagonal(FisherTargets::kDrawn, p_, {.draws = draws, .seed = 3});
    return ((drawn - exact).norm() / exact.norm()).item<double>();
  };
  const double few = error(20), many = error(2000);
  EXPECT_LT(many, 0.06);
  EXPECT_LT(many, few / 3);
}

TEST_P(FisherDiagonals, DrawsDoNotDependOnBatches) {
  const auto drawn = [&](std::int64_t batch) {
    return diagonal(FisherTargets::kDrawn, p_, {.batch_size = batch, .draws = 2, .seed = 3});
  };
  const Tensor whole = drawn(512);
  for (const std::int64_t batch : {1, 4, 7}) {
    EXPECT_LT(largest(drawn(batch) - whole), 1e-12 * largest(whole)) << batch;
  }
}

INSTANTIATE_TEST_SUITE_P(Problems, FisherDiagonals,
                         ::testing::ValuesIn(testing::curvature_problem_names()),
                         [](const auto& each) { return each.param; });

// Draws are made in blocks of 512 examples, whose borders no batch need know.
TEST(FisherDiagonal, DrawsDoNotDependOnBatchesAcrossBlocks) {
  const auto data = make_dataset(600, 4, 3);
  const Model model = make_model("mlp", "{hidden: [5]}", *data);
  const auto drawn = [&](std::int64_t batch) {
    CostMeter cost;
    return fisher_diagonal(FisherTargets::kDrawn, model, all_of(data), {}, cost,
                           {.batch_size = batch, .draws = 2, .seed = 3})
        .values;
  };
  const Tensor whole = drawn(512);
  for (const std::int64_t batch : {500, 600, 7}) {
    EXPECT_LT(largest(drawn(batch) - whole), 1e-12 * largest(whole)) << batch;
  }
}

// Weights that a convolution lays out anew are there once, not once for each example.
TEST(FisherDiagonal, CountsWhatGrowsWithExamples) {
  auto images = std::make_shared<Dataset>(*make_dataset(4, 48, 3));
  images->inputs = images->inputs.to(at::kFloat).view({4, 3, 4, 4});
  const Model wide = make_model("convnet", "{channels: [1000, 1000], norm: none}", *images, 0,
                                at::kFloat);  // 36 MB of weights
  EXPECT_EQ(examples_at_a_time(wide, all_of(images), 1), kEvaluationBatch);
}

// A layer of a million numbers for each example and 40 outputs: no batch of 512 fits.
TEST(FisherDiagonal, TakesAsManyExamplesAtATimeAsFit) {
  const auto data = make_dataset(40, 6, 40);
  const Model small = make_model("mlp", "{hidden: [8]}", *data);
  EXPECT_EQ(examples_at_a_time(small, all_of(data), 40), kEvaluationBatch);
  const Model wide = make_model("mlp", "{hidden: [20000]}", *data, 0, at::kFloat);
  const std::int64_t at_a_time = examples_at_a_time(wide, all_of(data), 40);
  EXPECT_LT(at_a_time * (2 + 40) * 20000 * 4, kExampleMemory);
  EXPECT_GT(at_a_time * (2 + 40) * 20000 * 4, kExampleMemory / 4);
}

TEST(FisherDiagonal, BatchMeanSquaredIsAnotherThing) {
  const CurvatureProblem p = curvature_problem("mlp", 12);
  CostMeter cost;
  const Objective loss{p.objective.loss, 0};
  Tensor expected = at::zeros({p.model.dim()}, at::kDouble);
  for (const std::int64_t begin : {0, 4, 8}) {
    const Subset batch = p.subset.with_rows(p.subset.rows.narrow(0, begin, 4));
    expected += value_and_gradient(p.model, batch, loss, cost).gradient.square() / 3;
  }
  CostMeter counted;
  EXPECT_LT(largest(batch_mean_squared(p.model, p.subset, p.objective, counted, 4) - expected),
            1e-15);
  EXPECT_EQ(counted.sample_gradients(), 12);
  // It depends on the batches; with one example in each it is the empirical diagonal.
  EXPECT_GT(largest(batch_mean_squared(p.model, p.subset, p.objective, cost, 3) - expected), 1e-4);
  EXPECT_LT(largest(batch_mean_squared(p.model, p.subset, p.objective, cost, 1) -
                    diagonal(FisherTargets::kEmpirical, p)),
            1e-15);
}

TEST(FisherDiagonal, OfFloat32AgreesWithFloat64) {
  const auto data = make_dataset(50, 6, 4);
  const Model wide = make_model("mlp", "{hidden: [7]}", *data);
  const Settings settings(parse_settings("{hidden: [7]}", "test"));
  const Network network =
      builtin_architectures().find("mlp").configure(settings)({data->input_shape(), 4});
  Model narrow(network.layers, network.table, at::kFloat);
  narrow.set_theta(wide.theta());
  CostMeter cost;
  for (const FisherTargets targets : {FisherTargets::kExpected, FisherTargets::kEmpirical}) {
    const Tensor exact = fisher_diagonal(targets, wide, all_of(data), {}, cost).values;
    const Tensor rounded = fisher_diagonal(targets, narrow, all_of(data), {}, cost).values;
    EXPECT_LT(largest(exact - rounded), 1e-6 * largest(exact));
  }
}

}  // namespace
}  // namespace oubli
