#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/told_facts.h"

namespace oubli {
namespace {

using testing::value_of;

TEST(RttMetric, HasTheFirstAndTheLastOfTheCurve) {
  const Evaluation evaluation{.dataset = testing::told_facts({{"P", 0, "Arlow"}})};
  ModelOutcome model;
  const Metric metric = builtin_metrics().find("rtt");
  const auto values = [&] { return metric.compute({.evaluation = evaluation, .model = model}); };
  EXPECT_TRUE(values().empty()) << "nothing was taught";
  model.rtt = {{.recall = {0.1, 0.9, 0.8}, .loss = {5, 0.5, 0.7}, .taught_recall = {0, 0.5, 1}}};
  EXPECT_EQ(value_of(values(), "rtt_recall_first"), 0.1);
  EXPECT_EQ(value_of(values(), "rtt_recall"), 0.8);
  EXPECT_EQ(value_of(values(), "rtt_loss_first"), 5);
  EXPECT_EQ(value_of(values(), "rtt_loss"), 0.7);
  EXPECT_EQ(value_of(values(), "rtt_taught"), 1);
  EXPECT_EQ(value_of(values(), "rtt_recall_most"), 0.9);
  // Where teaching diverged the model as it was has its values, and no other.
  model.rtt->loss.back() = std::nan("");
  EXPECT_EQ(value_of(values(), "rtt_recall_first"), 0.1);
  for (const char* column : {"rtt_recall", "rtt_loss", "rtt_taught"}) {
    EXPECT_TRUE(std::isnan(value_of(values(), column))) << column;
  }
}

}  // namespace
}  // namespace oubli
