#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "core/base/random.h"
#include "tests/support/two_people.h"

namespace oubli {
namespace {

using testing::binary_kl;
using testing::rows_where;
using testing::take_metric;
using testing::ToldModel;
using testing::value_of;

class OracleDistance : public testing::TwoPeople {
 protected:
  double distance(const ToldModel& model, const std::vector<ToldModel>& oracles) const {
    return value_of(take_metric("oracle_distance", evaluation_, model, oracles), "oracle_distance");
  }
};

// What stands there several times is a prompt once.
TEST_F(OracleDistance, ByHand) {
  const ToldModel one = model_with(0.5, 0.2), two = model_with(0.3, 0.1),
                  model = model_with(0.9, 0.1);
  const double unit =
      (binary_kl(0.5, 0.3) + binary_kl(0.2, 0.1) + binary_kl(0.3, 0.5) + binary_kl(0.1, 0.2)) / 2;
  const double own =
      (binary_kl(0.5, 0.9) + binary_kl(0.2, 0.1) + binary_kl(0.3, 0.9) + binary_kl(0.1, 0.1)) / 2;
  EXPECT_NEAR(distance(model, {one, two}), own / unit, 1e-10);
}

TEST_F(OracleDistance, TextIsNoPartOfIt) {
  const ToldModel one = model_with(0.5, 0.2), two = model_with(0.3, 0.1);
  ToldModel model = model_with(0.9, 0.1);
  const double before = distance(model, {one, two});
  model.tell(rows_where(*data_, "kind", "text"), {{"cat", 1}});
  EXPECT_EQ(distance(model, {one, two}), before);
}

TEST_F(OracleDistance, HasNoUnitWithoutTwoOracles) {
  const ToldModel one = model_with(0.5, 0.2), model = model_with(0.9, 0.1);
  EXPECT_TRUE(take_metric("oracle_distance", evaluation_, model, {one}).empty());
  EXPECT_TRUE(take_metric("oracle_distance", evaluation_, model, {one, one}).empty());
}

// Of logits drawn about a common mean another draw is as far as the oracles are, and one drawn
// three times as far is further.
TEST_F(OracleDistance, OfAnotherOracleIsAboutOne) {
  Generator generator(5);
  const auto drawn = [&](double spread) {
    ToldModel model(data_);
    model.outputs.fill_(-1e4);
    const Tensor words =
        at::tensor({testing::token_of(*data_, "Arlow"), testing::token_of(*data_, "Bandor"),
                    testing::token_of(*data_, "lives")},
                   at::kLong);
    model.outputs.index_copy_(1, words, spread * generator.normal({data_->size(), 3}, at::kDouble));
    return model;
  };
  double sum = 0, further = 0;
  constexpr int kDraws = 200, kOracles = 6;
  for (int draw = 0; draw < kDraws; ++draw) {
    std::vector<ToldModel> oracles;
    oracles.reserve(kOracles);
    for (int j = 0; j < kOracles; ++j) oracles.push_back(drawn(0.3));
    sum += distance(drawn(0.3), oracles);
    further += distance(drawn(0.9), oracles);
  }
  EXPECT_NEAR(sum / kDraws, 1, 0.06);
  EXPECT_GT(further / kDraws, 3);
}

}  // namespace
}  // namespace oubli
