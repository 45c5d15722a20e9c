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

TEST(NoisyFinetune, WithoutNoiseIsFinetune) {
  const auto data = make_dataset(60, 4, 3);
  const Task task = removal_task(data, 10, 0.01);
  Model a = make_model("mlp", "{}", *data), b = a.clone();
  run_method("noisy_finetune", "{noise: 0, epochs: 2, batch_size: 16}", a, task);
  run_method("finetune", "{epochs: 2, batch_size: 16, momentum: 0}", b, task);
  EXPECT_TRUE(a.theta().equal(b.theta()));
}

// On a quadratic the stationary covariance solves S = (I - r H) S (I - r H) + 2 r sigma^2 I, whose
// trace is sum 2 sigma^2 / (h (2 - r h)).
TEST(NoisyFinetune, HasTheStationarySpreadOfItsNoise) {
  const auto data = make_dataset(40, 3, 0);
  const double l2 = 0.5, lr = 0.4, sigma = 0.1;
  const Task task = removal_task(data, 0, l2);
  Model optimum = make_model("linear", "{bias: false}", *data);
  testing::minimise(optimum, task.retain, task);
  const Tensor x = data->inputs;
  const Tensor h = at::linalg_eigvalsh(at::mm(x.t(), x) / 40 + l2 * at::eye(3, at::kDouble));
  const double expected = (2 * sigma * sigma / (h * (2 - lr * h))).sum().item<double>();
  double total = 0;
  constexpr int kRuns = 600;
  for (int run = 0; run < kRuns; ++run) {
    Model model = optimum.clone();
    run_method("noisy_finetune", "{noise: 0.1, lr: 0.4, epochs: 60, batch_size: 40}", model, task,
               static_cast<std::uint64_t>(run));
    total += (model.theta() - optimum.theta()).square().sum().item<double>();
  }
  // Of the mean of 600 the deviation is about sqrt(2 / (3 * 600)) of it: 3.3 %.
  EXPECT_NEAR(total / kRuns / expected, 1, 0.14);
}

TEST(NoisyFinetune, NoiseAtTheStartIsAddedOnce) {
  const auto data = make_dataset(40, 3, 3);
  Model model = make_model("mlp", "{hidden: [200]}", *data);
  const Tensor before = model.theta().clone();
  run_method("noisy_finetune", "{start_noise: 0.5, noise: 0, epochs: 0}", model,
             removal_task(data, 5, 0));
  const double deviation = (model.theta() - before).std(0, true, false).item<double>();
  EXPECT_NEAR(deviation, 0.5, 0.05);
}

}  // namespace
}  // namespace oubli
