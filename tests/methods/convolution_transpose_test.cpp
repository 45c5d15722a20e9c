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

TEST(ConvolutionTranspose, TwiceIsTheIdentity) {
  const auto data = testing::make_images(12, 1, 28, 10);
  const Task task = removal_task(data, 2, 0);
  Model model = make_model("lenet5", "{}", *data);
  const Tensor before = model.theta().clone();
  run_method("convolution_transpose", "{epochs: 0}", model, task);
  EXPECT_FALSE(model.theta().equal(before));
  const Tensor kernel = model.split(before)[0], now = model.split(model.theta())[0];
  EXPECT_TRUE(now.equal(kernel.transpose(2, 3)));
  run_method("convolution_transpose", "{epochs: 0}", model, task);
  EXPECT_TRUE(model.theta().equal(before));
}

TEST(ConvolutionTranspose, OfSymmetricKernelsIsTheIdentity) {
  const auto data = testing::make_images(12, 1, 28, 10);
  Model model = make_model("lenet5", "{}", *data);
  Tensor theta = model.theta().clone();
  for (const Tensor& piece : model.split(theta)) {
    if (piece.dim() == 4) piece.copy_((piece + piece.transpose(2, 3)) / 2);
  }
  model.set_theta(theta);
  run_method("convolution_transpose", "{epochs: 0}", model, removal_task(data, 2, 0));
  EXPECT_TRUE(model.theta().equal(theta));
}

TEST(ConvolutionTranspose, NeedsKernels) {
  const auto data = make_dataset(30, 4, 3);
  Model model = make_model("mlp", "{}", *data);
  EXPECT_THROW(run_method("convolution_transpose", "{}", model, removal_task(data, 5, 0)), Error);
}

}  // namespace
}  // namespace oubli
