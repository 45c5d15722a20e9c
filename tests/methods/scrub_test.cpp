#include <ATen/ATen.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>

#include "core/train/batch_gradient.h"
#include "core/unlearn/accuracy.h"
#include "core/unlearn/teacher.h"
#include "experiments/selftest/problems.h"
#include "tests/support/methods.h"

namespace oubli {
namespace {

using testing::make_dataset;
using testing::make_model;
using testing::removal_task;
using testing::run_method;

TEST(Scrub, WithoutTeacherIsFinetune) {
  const auto data = make_dataset(60, 4, 3);
  const Task task = removal_task(data, 10, 0.01);
  Model a = make_model("mlp", "{}", *data), b = a.clone();
  run_method("scrub", "{max_epochs: 0, alpha: 0, epochs: 3, batch_size: 16}", a, task);
  run_method("finetune",
             "{epochs: 3, batch_size: 16, optimizer: adam, lr: 5.0e-4, "
             "schedule: {name: multi_step, milestones: [5, 8, 9]}}",
             b, task);
  // The objective is differentiated in the outputs, and not by its formula.
  EXPECT_LT((a.theta() - b.theta()).abs().max().item<double>(), 1e-12);
}

TEST(Scrub, TheFirstAscentHasNoGradient) {
  const auto data = make_dataset(60, 4, 3);
  Task task = removal_task(data, 10, 0);
  Model model = make_model("mlp", "{}", *data);
  const Teacher teacher(model);
  const Batch batch = task.forget.batch(0, 10, at::kDouble);
  BatchGradient gradient(model, task.objective());
  Context context(0);
  const Tensor given = teacher.outputs(batch, context);
  const LossTerm term(batch, [&](const Tensor& outputs) {
    return divergence(task.objective(), given, outputs, 2);
  });
  EXPECT_LT(gradient.at(term, context.generator).abs().max().item<double>(), 1e-15);
}

// The last 50 of 200 examples.
Task with_validation(Task task) {
  task.validation = task.train.with_rows(at::arange(150, 200));
  task.retain = task.retain.with_rows(at::arange(40, 150));
  return task;
}

TEST(Scrub, DisobeysOnTheForgetSetAndRewinds) {
  const auto data = make_dataset(200, 4, 3);
  const Task task = with_validation(removal_task(data, 40, 1e-3));
  Model model = make_model("mlp", "{hidden: [20]}", *data);
  testing::minimise(model, task.train, task);
  CostMeter cost;
  const double before = value_only(model, task.forget, task.objective(), cost).loss;
  Model rewound = model.clone();
  const std::string settings = "epochs: 6, lr: 0.01, forget_batch_size: 8";
  run_method("scrub", "{" + settings + "}", model, task);
  EXPECT_GT(value_only(model, task.forget, task.objective(), cost).loss, before);
  const UnlearnReport report =
      run_method("scrub", "{rewind: true, " + settings + "}", rewound, task);
  EXPECT_EQ(report.details.at("forget_error"),
            1 - accuracy(rewound, task.forget, task.objective(), cost));
}

// A run of fewer epochs ends with the same parameters: the rate falls at fixed epochs.
TEST(Scrub, RewindsToTheEpochOfTheNearestForgetError) {
  const auto data = make_dataset(200, 4, 3);
  const Task task = with_validation(removal_task(data, 40, 1e-3));
  Model original = make_model("mlp", "{hidden: [20]}", *data);
  testing::minimise(original, task.train, task);
  const std::string settings = "lr: 0.01, forget_batch_size: 4";
  CostMeter cost;
  const auto error = [&](const Model& model, const Subset& subset) {
    return 1 - accuracy(model, subset, task.objective(), cost);
  };
  std::vector<Model> ends;
  for (int epochs = 1; epochs <= 6; ++epochs) {
    ends.push_back(original.clone());
    run_method("scrub", fmt::format("{{epochs: {}, {}}}", epochs, settings), ends.back(), task);
  }
  const double reference = error(ends.back(), task.validation);
  std::size_t nearest = 0;
  for (std::size_t e = 1; e < ends.size(); ++e) {
    const double gap = std::abs(error(ends[e], task.forget) - reference);
    if (gap <= std::abs(error(ends[nearest], task.forget) - reference)) nearest = e;
  }
  ASSERT_NE(nearest, ends.size() - 1) << "the test needs an epoch before the last";
  ASSERT_NE(nearest, 0u);
  const UnlearnReport report =
      run_method("scrub", fmt::format("{{rewind: true, epochs: 6, {}}}", settings), original, task);
  EXPECT_EQ(report.details.at("rewound_to_epoch"), nearest + 1);
  EXPECT_EQ(report.details.at("reference_error"), reference);
  EXPECT_TRUE(original.theta().equal(ends[nearest].theta()));
}

TEST(Scrub, RewindingNeedsValidationExamples) {
  const auto data = make_dataset(60, 4, 3);
  Task task = removal_task(data, 10, 0.01);
  task.validation = task.train.with_rows(at::empty({0}, at::kLong));
  Model model = make_model("mlp", "{}", *data);
  EXPECT_THROW(run_method("scrub", "{rewind: true}", model, task), Error);
}

}  // namespace
}  // namespace oubli
