#include "core/train/optimizer.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

namespace oubli {
namespace {

Tensor vector_of(double a, double b) { return at::tensor({a, b}, at::kDouble); }

TEST(Optimizer, SgdWithMomentumByHand) {
  const auto sgd = make_optimizer({.name = "sgd", .momentum = 0.5});
  Tensor theta = vector_of(1, 2);
  sgd->step(theta, vector_of(1, 0), 0.1);
  EXPECT_DOUBLE_EQ(theta[0].item<double>(), 0.9);
  sgd->step(theta, vector_of(1, 2), 0.1);  // v = 0.5 * 1 + 1 = 1.5, and 2
  EXPECT_DOUBLE_EQ(theta[0].item<double>(), 0.9 - 0.15);
  EXPECT_DOUBLE_EQ(theta[1].item<double>(), 2 - 0.2);
}

TEST(Optimizer, NesterovLooksAhead) {
  const auto sgd = make_optimizer({.name = "sgd", .momentum = 0.5, .nesterov = true});
  Tensor theta = vector_of(0, 0);
  sgd->step(theta, vector_of(1, 0), 0.1);  // g + 0.5 v = 1.5
  EXPECT_DOUBLE_EQ(theta[0].item<double>(), -0.15);
}

TEST(Optimizer, FirstAdamStepHasTheLengthOfTheRate) {
  const auto adam = make_optimizer({.name = "adam"});
  Tensor theta = vector_of(0, 0);
  adam->step(theta, vector_of(3, -1e-3), 0.01);
  EXPECT_NEAR(theta[0].item<double>(), -0.01, 1e-9);
  EXPECT_NEAR(theta[1].item<double>(), 0.01, 1e-6);
}

TEST(Optimizer, AdamwDecaysApartFromTheGradient) {
  const auto adamw = make_optimizer({.name = "adamw", .weight_decay = 0.1});
  Tensor theta = vector_of(1, 1);
  adamw->step(theta, vector_of(0, 0), 0.5);
  EXPECT_DOUBLE_EQ(theta[0].item<double>(), 0.95);
}

TEST(Optimizer, LbfgsIsNotFirstOrder) { EXPECT_THROW(make_optimizer({.name = "lbfgs"}), Error); }

}  // namespace
}  // namespace oubli
