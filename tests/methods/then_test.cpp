#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "experiments/selftest/problems.h"
#include "tests/support/files.h"
#include "tests/support/methods.h"

namespace oubli {
namespace {

using testing::make_dataset;
using testing::make_model;
using testing::removal_task;
using testing::run_method;

TEST(Then, OneMethodIsTheMethodItself) {
  const auto data = make_dataset(60, 4, 3);
  const Task task = removal_task(data, 10, 0.1);
  Model a = make_model("mlp", "{}", *data), b = a.clone();
  run_method("then", "{methods: [{finetune: {epochs: 2, batch_size: 16}}]}", a, task);
  run_method("finetune", "{epochs: 2, batch_size: 16}", b, task);
  EXPECT_TRUE(a.theta().equal(b.theta()));
}

TEST(Then, EachStartsWhereTheOneBeforeEnded) {
  const auto data = make_dataset(60, 4, 3);
  const Task task = removal_task(data, 10, 0.1);
  Model a = make_model("mlp", "{}", *data), b = a.clone();
  const UnlearnReport report = run_method(
      "then", "{methods: [{gradient_ascent: {steps: 2}}, {newton: {damping: 1}}]}", a, task);
  run_method("gradient_ascent", "{steps: 2}", b, task);
  run_method("newton", "{damping: 1}", b, task);  // which draws nothing
  EXPECT_TRUE(a.theta().equal(b.theta()));
  EXPECT_EQ(report.details.at("methods").size(), 2u);
}

TEST(Then, EndsWhereOneDiverges) {
  const auto data = make_dataset(60, 4, 3);
  const Task task = removal_task(data, 10, 0.1);
  Model model = make_model("mlp", "{}", *data);
  const UnlearnReport report = run_method(
      "then", "{methods: [{finetune: {lr: 1.0e+308, epochs: 5}}, finetune]}", model, task);
  EXPECT_EQ(report.status, UnlearnStatus::kDiverged);
  EXPECT_EQ(report.details.at("methods").size(), 1u);
  EXPECT_EQ(report.message.rfind("finetune: ", 0), 0u) << report.message;
}

TEST(Then, AddsOnlyWhereAllDo) {
  const auto data = make_dataset(60, 4, 3);
  Task task = removal_task(data, 10, 0.1);
  task.added = task.train.with_rows(at::arange(50, 60));
  Model model = make_model("mlp", "{}", *data);
  EXPECT_TRUE(run_method("then", "{methods: [finetune]}", model, task).usable());
  EXPECT_THROW(run_method("then", "{methods: [finetune, ssd]}", model, task), Error);
}

TEST(Then, ErrorsNameTheListAndTheMethod) {
  const auto data = make_dataset(60, 4, 3);
  Model model = make_model("mlp", "{}", *data);
  const auto message = [&](const std::string& settings) {
    return testing::error_of(ErrorKind::kSettings, [&] {
      run_method("then", settings, model, removal_task(data, 10, 0));
    });
  };
  EXPECT_NE(message("{methods: [finetun]}").find("finetune"), std::string::npos);
  EXPECT_NE(message("{methods: []}").find("list of methods"), std::string::npos);
  EXPECT_NE(message("{methods: [{finetune: {epoch: 2}}]}").find("epochs"), std::string::npos);
}

}  // namespace
}  // namespace oubli
