#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "core/unlearn/accuracy.h"
#include "experiments/selftest/problems.h"
#include "tests/support/files.h"
#include "tests/support/methods.h"

namespace oubli {
namespace {

using testing::make_dataset;
using testing::make_model;
using testing::removal_task;
using testing::run_method;

struct LotusProblem {
  std::shared_ptr<const Dataset> data = make_dataset(400, 6, 3);
  Task task = removal_task(data, 60, 1e-4);
  Model model = make_model("mlp", "{hidden: [30]}", *data);

  LotusProblem() {
    task.validation = task.train.with_rows(at::arange(200, 400));
    task.retain = task.train.with_rows(at::arange(60, 200));
    task.train = task.train.with_rows(at::arange(0, 200));
    testing::minimise(model, task.train, task);
  }
};

TEST(Lotus, BlursWhatItKnewOfTheForgetSet) {
  LotusProblem p;
  CostMeter cost;
  const auto loss = [&](const Subset& subset) {
    return value_only(p.model, subset, p.task.objective(), cost).loss;
  };
  const double forget = loss(p.task.forget), retain = loss(p.task.retain);
  const UnlearnReport report =
      run_method("lotus", "{epochs: 100, lr: 0.005, batch_size: 50, alpha: 8}", p.model, p.task);
  ASSERT_GT(report.details.at("first_gap").get<double>(), 0.03);
  EXPECT_GT(loss(p.task.forget), 10 * forget);
  EXPECT_GT(loss(p.task.forget) - forget, loss(p.task.retain) - retain);
  // Either it ended by its rule, or it used all of its epochs.
  if (report.details.at("epochs").get<double>() < 100) {
    EXPECT_LE(report.details.at("last_gap").get<double>(), -0.01);
  }
}

// The released code rounds accuracies to two digits first.
TEST(Lotus, TheGapIsNotRounded) {
  LotusProblem p;
  CostMeter cost;
  p.task.validation = p.task.train.with_rows(at::arange(200, 263));
  Dataset wrong = *p.data;
  wrong.targets =
      at::cat({(wrong.targets.narrow(0, 0, 7) + 1) % 3, wrong.targets.narrow(0, 7, 393)});
  p.task.forget.dataset = std::make_shared<const Dataset>(wrong);
  const double known = accuracy(p.model, p.task.forget, p.task.objective(), cost);
  const double reference = accuracy(p.model, p.task.validation, p.task.objective(), cost);
  const auto rounded = [](double share) { return std::round(100 * share) / 100; };
  for (const double share : {known, reference}) ASSERT_GT(std::abs(rounded(share) - share), 1e-3);
  const UnlearnReport report = run_method("lotus", "{epochs: 1}", p.model, p.task);
  EXPECT_EQ(report.details.at("first_gap"), known - reference);
}

TEST(Lotus, SaysWhichRuleEndedIt) {
  LotusProblem p;
  Dataset wrong = *p.data;
  wrong.targets = (wrong.targets + 1) % 3;
  p.task.forget.dataset = std::make_shared<const Dataset>(wrong);
  EXPECT_THAT(run_method("lotus", "{epochs: 3}", p.model, p.task).message,
              ::testing::StartsWith("ended after 0 epochs: accuracy on the forget set"));
}

TEST(Lotus, DoesNothingWhereTheForgetSetIsKnownWorseAlready) {
  LotusProblem p;
  Dataset wrong = *p.data;
  wrong.targets = (wrong.targets + 1) % 3;  // every label is a mistake
  p.task.forget.dataset = std::make_shared<const Dataset>(wrong);
  const UnlearnReport report = run_method("lotus", "{epochs: 3}", p.model, p.task);
  EXPECT_EQ(report.status, UnlearnStatus::kUnchanged);
  EXPECT_EQ(report.details.at("epochs"), 0);
}

TEST(Lotus, NeedsValidationExamplesOrZero) {
  LotusProblem p;
  p.task.validation = p.task.train.with_rows(at::empty({0}, at::kLong));
  const std::string message =
      testing::error_of(ErrorKind::kTask, [&] { run_method("lotus", "{}", p.model, p.task); });
  EXPECT_NE(message.find("validation_fraction"), std::string::npos) << message;
  EXPECT_TRUE(run_method("lotus", "{reference: zero, epochs: 1}", p.model, p.task).usable());
}

}  // namespace
}  // namespace oubli
