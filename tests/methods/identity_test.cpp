#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "experiments/selftest/problems.h"
#include "tests/support/methods.h"

namespace oubli {
namespace {

using testing::make_dataset;
using testing::make_model;
using testing::removal_task;
using testing::run_method;

TEST(Identity, KeepsEveryBitAndCostsNothing) {
  const auto data = make_dataset(60, 4, 3);
  Model model = make_model("mlp", "{}", *data);
  const Tensor before = model.theta().clone();
  const UnlearnReport report = run_method("identity", "{}", model, removal_task(data, 10, 0.01));
  EXPECT_TRUE(model.theta().equal(before));
  EXPECT_EQ(report.sample_gradients, 0);
  EXPECT_EQ(report.status, UnlearnStatus::kUnchanged);
}

}  // namespace
}  // namespace oubli
