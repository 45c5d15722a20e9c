#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "core/evaluate/metric.h"

namespace oubli {
namespace {

ModelOutcome at_theta(double a, double b) {
  ModelOutcome outcome;
  outcome.theta = at::tensor({a, b}, at::kDouble);
  return outcome;
}

TEST(WayLeft, IsTheShareOfTheWayToTheReference) {
  const Evaluation evaluation;
  const ModelOutcome original = at_theta(0, 0), reference = at_theta(4, 0), model = at_theta(4, 1);
  const auto left = [&](const ModelOutcome& of, const ModelOutcome* to) {
    return builtin_metrics()
        .find("way_left")
        .compute({.evaluation = evaluation, .model = of, .original = &original, .reference = to});
  };
  EXPECT_EQ(left(model, &reference).front().value, 0.25);
  EXPECT_EQ(left(original, &reference).front().value, 1);
  EXPECT_EQ(left(reference, &reference).front().value, 0);
  EXPECT_TRUE(left(model, nullptr).empty());
  EXPECT_TRUE(left(model, &original).empty()) << "there is no way";
}

}  // namespace
}  // namespace oubli
