#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "core/train/batch_gradient.h"
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

TEST(Scrub, DisobeysOnTheForgetSetAndRewinds) {
  const auto data = make_dataset(200, 4, 3);
  Task task = removal_task(data, 40, 1e-3);
  task.validation = task.train.with_rows(at::arange(150, 200));
  task.retain = task.retain.with_rows(at::arange(40, 150));
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
  const auto epoch = report.details.at("rewound_to_epoch").get<int>();
  EXPECT_GE(epoch, 1);
  EXPECT_LE(epoch, 6);
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
