#include <gtest/gtest.h>

#include "core/evaluate/metric.h"
#include "tests/support/two_people.h"

namespace oubli {
namespace {

using testing::binary_kl;
using testing::ToldModel;

class TwinDistance : public testing::TwoPeople {
 protected:
  std::vector<MetricValue> values(const ToldModel& model, const ToldModel* twin,
                                  const std::vector<ToldModel>& oracles) const {
    std::vector<ModelOutcome> outcomes;
    outcomes.reserve(oracles.size());
    for (const ToldModel& oracle : oracles) outcomes.push_back(oracle.outcome());
    const ModelOutcome own = model.outcome();
    MetricInput input{.evaluation = evaluation_, .model = own};
    for (const ModelOutcome& oracle : outcomes) input.oracles.push_back(&oracle);
    const ModelOutcome of_twin = twin == nullptr ? ModelOutcome() : twin->outcome();
    if (twin != nullptr) input.twin = &of_twin;
    return builtin_metrics().find("twin_distance").compute(input);
  }
};

// The twin is what is measured from, and says nothing of the unit.
TEST_F(TwinDistance, ByHand) {
  const ToldModel one = model_with(0.5, 0.2), two = model_with(0.3, 0.1),
                  twin = model_with(0.6, 0.4), model = model_with(0.9, 0.1);
  const double unit =
      (binary_kl(0.5, 0.3) + binary_kl(0.2, 0.1) + binary_kl(0.3, 0.5) + binary_kl(0.1, 0.2)) / 2;
  const auto found = values(model, &twin, {one, two});
  ASSERT_EQ(found.size(), 1);
  EXPECT_EQ(found.front().column, "twin_distance");
  EXPECT_NEAR(found.front().value, (binary_kl(0.6, 0.9) + binary_kl(0.4, 0.1)) / unit, 1e-10);
}

TEST_F(TwinDistance, OfTheTwinItselfIsZero) {
  const ToldModel one = model_with(0.5, 0.2), two = model_with(0.3, 0.1),
                  twin = model_with(0.6, 0.4);
  EXPECT_NEAR(values(twin, &twin, {one, two}).at(0).value, 0, 1e-10);
}

// A noise floor's oracle has no twin, and one oracle is no unit.
TEST_F(TwinDistance, IsAbsentWithoutTwinOrUnit) {
  const ToldModel one = model_with(0.5, 0.2), two = model_with(0.3, 0.1);
  EXPECT_TRUE(values(one, nullptr, {one, two}).empty());
  EXPECT_TRUE(values(one, &two, {one}).empty());
  EXPECT_TRUE(values(one, &two, {one, one}).empty());
}

}  // namespace
}  // namespace oubli
