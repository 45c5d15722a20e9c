#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "core/curvature/fisher_diagonal.h"
#include "tests/support/methods.h"
#include "tests/support/problems.h"

namespace oubli {
namespace {

TEST(FisherForgetting, NoNoiseChangesNothing) {
  const auto data = testing::make_dataset(60, 4, 3);
  Model model = testing::make_model("logistic", "{}", *data);
  const Tensor before = model.theta().clone();
  for (const char* settings : {"{alpha: 0}", "{alpha: 0, form: released}"}) {
    testing::run_method("fisher_forgetting", settings, model,
                        testing::removal_task(data, 10, 0.01));
    EXPECT_TRUE(model.theta().equal(before));
  }
}

TEST(FisherForgetting, NoiseHasTheVarianceOfThePaper) {
  const auto data = testing::make_dataset(60, 3, 3);
  const Task task = testing::removal_task(data, 10, 0.01);
  const Model original = testing::make_model("logistic", "{}", *data);
  CostMeter cost;
  const Tensor variance = 1e-4 * (fisher_diagonal(FisherTargets::kExpected, original, task.retain,
                                                  task.objective(), cost)
                                      .values +
                                  1e-8)
                                     .rsqrt();
  constexpr int kDraws = 1500;
  Tensor squares = at::zeros({original.dim()}, at::kDouble);
  for (int seed = 0; seed < kDraws; ++seed) {
    Model model = original.clone();
    testing::run_method("fisher_forgetting", "{alpha: 1e-4}", model, task,
                        static_cast<std::uint64_t>(seed));
    squares += (model.theta() - original.theta()).square();
  }
  // A sum of squares of kDraws normals over its expectation: deviation sqrt(2 / kDraws).
  const Tensor ratio = squares / kDraws / variance;
  EXPECT_LT((ratio - 1).abs().max().item<double>(), 5 * std::sqrt(2.0 / kDraws));
}

TEST(FisherForgetting, ReleasedFormResetsTheRowOfAForgottenClass) {
  auto data = std::make_shared<Dataset>(*testing::make_dataset(90, 4, 3));
  data->targets = at::arange(90).floor_divide(30);  // rows 0 to 29 are class 0
  data->true_targets = data->targets;
  const Task task = testing::removal_task(data, 30, 0.01);
  Model model = testing::make_model("logistic", "{}", *data);
  model.set_theta(at::full({model.dim()}, 100.0, at::kDouble));
  testing::run_method("fisher_forgetting", "{form: released}", model, task);
  EXPECT_LT(model.theta().narrow(0, 0, 4).abs().max().item<double>(), 1);
  EXPECT_GT(model.theta().narrow(0, 4, 8).min().item<double>(), 99);
}

TEST(FisherForgetting, RegressionIsRefused) {
  const auto data = testing::make_dataset(60, 4, 0);
  Model model = testing::make_model("linear", "{}", *data);
  EXPECT_THROW(
      testing::run_method("fisher_forgetting", "{}", model, testing::removal_task(data, 5, 0)),
      Error);
}

}  // namespace
}  // namespace oubli
