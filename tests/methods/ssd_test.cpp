#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "core/curvature/fisher_diagonal.h"
#include "experiments/selftest/problems.h"
#include "tests/support/methods.h"

namespace oubli {
namespace {

using testing::make_dataset;
using testing::make_model;
using testing::removal_task;
using testing::run_method;

TEST(Ssd, ChoosesNothingWhereTheForgetSetIsTheTrainingSet) {
  const auto data = make_dataset(60, 4, 3);
  Task task = removal_task(data, 10, 0.1);
  task.forget = task.train;
  for (const std::string importance : {"per_example", "batch_mean_squared"}) {
    Model model = make_model("mlp", "{}", *data);
    const UnlearnReport report =
        run_method("ssd", "{alpha: 1, importance: " + importance + "}", model, task);
    EXPECT_EQ(report.details.at("dampened"), 0);
    EXPECT_EQ(report.status, UnlearnStatus::kUnchanged);
  }
}

TEST(Ssd, MultipliesWhatItChooses) {
  const auto data = make_dataset(60, 4, 3);
  const Task task = removal_task(data, 10, 0.1);
  Model model = make_model("mlp", "{}", *data);
  CostMeter cost;
  const auto importance = [&](const Subset& set) {
    return fisher_diagonal(FisherTargets::kEmpirical, model, set, task.objective(), cost).values;
  };
  const Tensor all = importance(task.train), forget = importance(task.forget);
  const Tensor before = model.theta().clone();
  const UnlearnReport report = run_method("ssd", "{alpha: 1.5, lambda: 0.5}", model, task);
  const Tensor chosen = forget > 1.5 * all;
  EXPECT_GT(chosen.sum().item<std::int64_t>(), 0);
  EXPECT_TRUE(model.theta().index({~chosen}).equal(before.index({~chosen})));
  const Tensor factor = (model.theta() / before).index({chosen});
  EXPECT_LT((factor - (0.5 * all / forget).index({chosen})).abs().max().item<double>(), 1e-14);
  EXPECT_LT(factor.max().item<double>(), 0.5 / 1.5);
  EXPECT_EQ(report.details.at("dampened"), chosen.sum().item<std::int64_t>());
  EXPECT_NEAR(report.sample_gradients, 70, 1e-9);
}

TEST(Ssd, NeverMultipliesByMoreThanOne) {
  const auto data = make_dataset(60, 4, 3);
  const Task task = removal_task(data, 10, 0.1);
  Model model = make_model("mlp", "{}", *data);
  const Tensor before = model.theta().clone();
  run_method("ssd", "{alpha: 1, lambda: 1000}", model, task);
  EXPECT_TRUE(model.theta().equal(before)) << "lambda I_D is above I_u everywhere";
}

TEST(Ssd, LargeAlphaIsTheIdentity) {
  const auto data = make_dataset(60, 4, 3);
  Model model = make_model("mlp", "{}", *data);
  const UnlearnReport report =
      run_method("ssd", "{alpha: 1.0e12}", model, removal_task(data, 10, 0.1));
  EXPECT_EQ(report.status, UnlearnStatus::kUnchanged);
  EXPECT_TRUE(report.message.starts_with("0 of ")) << report.message;
}

}  // namespace
}  // namespace oubli
