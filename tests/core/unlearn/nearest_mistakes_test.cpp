#include "core/unlearn/nearest_mistakes.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "experiments/selftest/problems.h"

namespace oubli {
namespace {

using testing::make_dataset;
using testing::make_model;
using testing::removal_task;

TEST(NearestMistakes, LieJustBehindTheBoundaryOfALinearModel) {
  const auto data = make_dataset(60, 5, 2);
  const Task task = removal_task(data, 25, 1e-2);
  Model model = make_model("logistic", "{}", *data);
  Context context(0);
  train(model, task.train, task.recipe, context);
  const Replacements found = nearest_mistakes(model, task.forget, task.objective(),
                                              {.radius = 0.01, .doublings = 14}, context);
  ASSERT_EQ(found.rows.numel(), 25);
  EXPECT_TRUE(found.rows.equal(task.forget.rows));
  const Batch batch = task.forget.batch(0, 25, at::kDouble);
  const Tensor scores = model.forward(batch.inputs);
  const Tensor taken = scores.argmax(1);
  const Tensor w = model.split(model.theta())[0];
  const double norm = (w[1] - w[0]).norm().item<double>();
  const Tensor distance = (scores.select(1, 1) - scores.select(1, 0)).abs() / norm;
  const Tensor way = (found.inputs - batch.inputs).norm(2, 1);
  EXPECT_TRUE(model.forward(found.inputs).argmax(1).equal(found.labels));
  EXPECT_TRUE(found.labels.ne(batch.targets).all().item<bool>());
  for (std::int64_t i = 0; i < 25; ++i) {
    const double d = distance[i].item<double>(), s = way[i].item<double>();
    if (taken[i].item<std::int64_t>() != batch.targets[i].item<std::int64_t>()) {
      EXPECT_EQ(s, 0) << "it is a mistake itself";
    } else {
      EXPECT_GE(s, d * (1 - 1e-9));
      EXPECT_LE(s, 2 * d + 0.01) << "the radius before found nothing";
    }
  }
}

TEST(NearestMistakes, AreNotFoundWhereThereAreNone) {
  // A model that takes everything for class 0.
  Dataset ones = *make_dataset(8, 3, 2);
  ones.targets = ones.true_targets = at::zeros({8}, at::kLong);
  const auto data = std::make_shared<const Dataset>(ones);
  Model model = make_model("logistic", "{}", *data);
  Tensor theta = at::zeros_like(model.theta());
  theta[6] = 1;  // the bias of class 0
  model.set_theta(theta);
  Context context(0);
  const Replacements found =
      nearest_mistakes(model, testing::all_of(data), {}, {.doublings = 2, .steps = 3}, context);
  EXPECT_EQ(found.rows.numel(), 0);
  EXPECT_NEAR(context.cost.sample_gradients(), 8 * 3 * 4 * 2.0 / 3.0, 1e-9);
}

TEST(NearestMistakes, StayWithinTheRangeOfTheImages) {
  Dataset images = *testing::make_images(30, 1, 4, 3);
  images.inputs = images.inputs.clamp(-1, 1);
  const auto data = std::make_shared<const Dataset>(images);
  Model model = make_model("logistic", "{}", *data);
  Context context(0);
  const Replacements found =
      nearest_mistakes(model, testing::all_of(data), {}, {.radius = 0.5}, context);
  ASSERT_GT(found.rows.numel(), 0);
  EXPECT_LE(found.inputs.abs().max().item<double>(), 1);
}

TEST(NearestMistakes, TakeThePlaceOfTheirRowsInABatch) {
  const auto data = make_dataset(10, 3, 2);
  const Replacements replacements{at::tensor({2, 5}, at::kLong), at::full({2, 3}, 7.0, at::kDouble),
                                  at::tensor({1, 0}, at::kLong)};
  Batch batch = testing::all_of(data).batch_at(at::tensor({5, 1, 2, 9}, at::kLong), at::kDouble);
  const Batch before = batch;
  replacements.put(batch);
  EXPECT_TRUE(batch.inputs.eq(7).all(1).equal(at::tensor({1, 0, 1, 0}).to(at::kBool)));
  EXPECT_EQ(batch.targets[0].item<std::int64_t>(), 0);
  EXPECT_EQ(batch.targets[2].item<std::int64_t>(), 1);
  EXPECT_TRUE(batch.targets[1].equal(before.targets[1]));
  EXPECT_TRUE(batch.inputs[3].equal(before.inputs[3]));
  EXPECT_FALSE(before.inputs.eq(7).any().item<bool>()) << "the data itself must not change";
}

}  // namespace
}  // namespace oubli
