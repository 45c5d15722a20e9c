#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "experiments/selftest/problems.h"
#include "tests/support/language.h"
#include "tests/support/methods.h"

namespace oubli {
namespace {

using testing::make_dataset;
using testing::make_model;
using testing::removal_task;
using testing::run_method;

TEST(TaskVector, IsLinearInItsScale) {
  const auto data = make_dataset(60, 4, 3);
  const Task task = removal_task(data, 10, 0.01);
  const Model original = make_model("mlp", "{}", *data);
  const auto edited = [&](const std::string& scale) {
    Model model = original.clone();
    run_method("task_vector", "{epochs: 3, scale: " + scale + "}", model, task);
    return model.theta() - original.theta();
  };
  EXPECT_LT((edited("2.0") - 2 * edited("1.0")).abs().max().item<double>(), 1e-14);
  EXPECT_EQ(edited("0").abs().max().item<double>(), 0);
}

TEST(TaskVector, OfMinusOneIsTheReinforcedModel) {
  const auto data = make_dataset(60, 4, 3);
  const Task task = removal_task(data, 10, 0.01);
  Model a = make_model("mlp", "{}", *data), b = a.clone();
  run_method("task_vector", "{epochs: 3, scale: -1, batch_size: 4}", a, task);
  Task reinforce = task;
  reinforce.retain = task.forget;
  run_method("finetune", "{epochs: 3, batch_size: 4}", b, reinforce);
  EXPECT_LT((a.theta() - b.theta()).abs().max().item<double>(), 1e-14);
}

TEST(TaskVector, OfSequencesLearnsEveryToken) {
  const auto data = testing::make_two_word_sentences();
  const Model model = testing::make_speaker(data);
  const Task task = testing::forget_sentences(data, 4);
  const Tensor reinforced =
      testing::gradient_of(model, [&] { return testing::mean_loss(model, task.forget); });
  const Tensor found = testing::first_gradient("task_vector", "scale: 2", model, task);
  EXPECT_LT(testing::max_abs(found + 2 * reinforced), 1e-13);
}

}  // namespace
}  // namespace oubli
