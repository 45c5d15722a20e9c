#include "core/unlearn/training_trajectory.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "core/unlearn/initial_training.h"
#include "tests/support/recorded_training.h"

namespace oubli {
namespace {

using testing::make_dataset;
using testing::make_model;

TrainingRecipe recipe_of(const std::string& optimizer) {
  TrainingRecipe recipe;
  recipe.objective = {LossKind::kCrossEntropy, 0.01};
  recipe.optimizer = {.name = optimizer, .lr = 0.1};
  recipe.optimizer.momentum = optimizer == "sgd" ? 0.9 : 0;
  recipe.schedule.name = "cosine";
  recipe.epochs = 3;
  recipe.batch_size = 16;
  return recipe;
}

// Writing down changes nothing, whatever the layers draw or mix.
TEST(Trajectory, IsOfTheSameTrainingBitForBit) {
  const Subset pictures = testing::all_of(testing::make_images(50, 1, 8, 3, 0, at::kFloat));
  for (const std::string optimizer : {"sgd", "adam"}) {
    const TrainingRecipe recipe = recipe_of(optimizer);
    const auto fresh = [&] {
      return make_model("convnet", "{channels: [4, 4], norm: batch}", *pictures.dataset, 0,
                        at::kFloat);
    };
    Model plain = fresh(), written = fresh();
    Context one(3), other(3);
    const TrainingReport expected = train_from_start(plain, pictures, recipe, one);
    MethodState record;
    const TrainingReport report =
        train_by_plan(written, pictures, with_trajectory({recipe}, true, 10), other, record);
    EXPECT_TRUE(written.theta().equal(plain.theta()));
    for (std::size_t i = 0; i < plain.buffers().size(); ++i) {
      EXPECT_TRUE(written.buffers()[i].equal(plain.buffers()[i]));
    }
    EXPECT_EQ(report.sample_gradients, expected.sample_gradients);
    EXPECT_EQ(report.loss, expected.loss);
    EXPECT_EQ(report.epochs, expected.epochs);
    EXPECT_EQ(report.status, expected.status);
    const Trajectory trajectory = Trajectory::of(record);
    EXPECT_EQ(trajectory.steps(), 12);
    EXPECT_EQ(trajectory.steps_per_epoch, 4);
    EXPECT_TRUE(trajectory.thetas[12].equal(plain.theta()));
    EXPECT_FALSE(trajectory.thetas.requires_grad());
  }
}

TEST(Trajectory, HoldsEachStep) {
  const Subset train = testing::all_of(make_dataset(50, 4, 3));
  TrainingRecipe recipe = recipe_of("sgd");
  recipe.optimizer.momentum = 0;
  Model model = make_model("mlp", "{hidden: [5]}", *train.dataset);
  Context context(3);
  MethodState record;
  train_by_plan(model, train, with_trajectory({recipe}, true, 10), context, record);
  const Trajectory trajectory = Trajectory::of(record);
  const Tensors batches = trajectory.batches();
  for (std::int64_t t = 0; t < trajectory.steps(); ++t) {
    const Tensor theta = trajectory.thetas[t];
    model.set_theta(theta);
    const Tensor gradient = testing::mean_gradient(
        model, train.with_rows(batches[static_cast<std::size_t>(t)]), recipe.objective);
    EXPECT_LT(testing::distance(gradient, trajectory.gradients[t]), 1e-14);
    const Tensor next = theta - trajectory.rate(t) * (gradient + recipe.objective.l2 * theta);
    EXPECT_LT(testing::distance(next, trajectory.thetas[t + 1]), 1e-14);
  }
  // Each epoch has every row once.
  for (std::int64_t epoch = 0; epoch < 3; ++epoch) {
    EXPECT_TRUE(std::get<0>(trajectory.rows.narrow(0, 50 * epoch, 50).sort()).equal(train.rows));
  }
  EXPECT_DOUBLE_EQ(trajectory.rate(0), 0.1);
  EXPECT_LT(trajectory.rate(11), 0.01);
}

TEST(Trajectory, FindsRowsAmongOthers) {
  const Tensor among = at::tensor({2, 5, 9}, at::kLong);
  const Tensor found = is_among(at::tensor({9, 1, 2, 10, 5}, at::kLong), among);
  EXPECT_TRUE(found.equal(at::tensor({1, 0, 1, 0, 1}, at::kLong).to(at::kBool)));
  EXPECT_FALSE(is_among(among, at::empty({0}, at::kLong)).any().item<bool>());
}

// Of two methods in a row, one of which needs the gradients.
TEST(WithTrajectory, KeepsWhatEitherAsksFor) {
  const TrainingPlan plan = with_trajectory(with_trajectory({}, true, 10), false, 20);
  EXPECT_TRUE(plan.settings.at("gradients").get<bool>());
  EXPECT_EQ(plan.settings.at("memory"), 20);
}

}  // namespace
}  // namespace oubli
