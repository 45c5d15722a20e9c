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

TEST(Rum, OneGroupIsTheMethodItself) {
  const auto data = make_dataset(60, 4, 3);
  const Task task = removal_task(data, 10, 0.1);
  Model a = make_model("mlp", "{}", *data), b = a.clone();
  run_method("rum", "{groups: 1, methods: [{neggrad_plus: {epochs: 2, batch_size: 16}}]}", a, task);
  run_method("neggrad_plus", "{epochs: 2, batch_size: 16}", b, task);
  EXPECT_TRUE(a.theta().equal(b.theta()));
}

TEST(Rum, TheLastGroupIsWhatTheModelIsWorstAt) {
  const auto data = make_dataset(60, 4, 3);
  const Task task = removal_task(data, 12, 1e-2);
  Model model = make_model("mlp", "{}", *data);
  testing::minimise(model, task.train, task);
  Task last = task;
  const Batch batch = task.forget.batch(0, 12, at::kDouble);
  const Tensor losses = task.objective().losses(model.forward(batch.inputs), batch.targets);
  const Tensor order = losses.argsort();
  last.forget = task.forget.with_rows(std::get<0>(order.narrow(0, 8, 4).sort()));
  Model expected = model.clone();
  const std::string settings = "{gradient_ascent: {steps: 3, lr: 0.01}}";
  run_method("gradient_ascent", "{steps: 3, lr: 0.01}", expected, last);
  const UnlearnReport report =
      run_method("rum", "{methods: [identity, identity, " + settings + "]}", model, task);
  EXPECT_TRUE(model.theta().equal(expected.theta()));
  ASSERT_EQ(report.details.at("methods").size(), 3u);
  EXPECT_EQ(report.details.at("methods")[2].at("name"), "gradient_ascent");
}

TEST(Rum, LaterGroupsStillRemain) {
  // Fine-tuning on what remains, in the first of two groups, sees the second group too.
  const auto data = make_dataset(60, 4, 3);
  const Task task = removal_task(data, 10, 1e-2);
  Model model = make_model("mlp", "{}", *data);
  const UnlearnReport report =
      run_method("rum", "{groups: 2, methods: [{finetune: {epochs: 1}}, identity]}", model, task);
  EXPECT_EQ(report.details.at("methods")[0].at("sample_gradients"), 55);
}

TEST(Rum, HasOneMethodOrOneForEachGroup) {
  const auto data = make_dataset(60, 4, 3);
  Model model = make_model("mlp", "{}", *data);
  const std::string message = testing::error_of(ErrorKind::kSettings, [&] {
    run_method("rum", "{groups: 3, methods: [finetune, identity]}", model,
               removal_task(data, 9, 0));
  });
  EXPECT_NE(message.find("one for each of the 3 groups"), std::string::npos) << message;
}

}  // namespace
}  // namespace oubli
