#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/told_facts.h"

namespace oubli {
namespace {

using testing::has_column;
using testing::rows_where;
using testing::take_metric;
using testing::ToldModel;
using testing::value_of;

// Three cities and two fields.
class LearntBits : public ::testing::Test {
 protected:
  std::vector<MetricValue> bits() const { return take_metric("learnt_bits", evaluation_, model_); }

  std::shared_ptr<const Dataset> data_ = testing::told_facts({{"P", 0, "Arlow", 3},
                                                              {"Q", 0, "Bandor"},
                                                              {"R", 0, "Calda"},
                                                              {"P", 1, "law", 3},
                                                              {"Q", 1, "music"}});
  Tensor fact_ = rows_where(*data_, "kind", "fact");
  Tensor held_out_ = rows_where(*data_, "kind", "reworded");
  Tensor of_p_ = testing::both(fact_, rows_where(*data_, "subject", "P"));
  Evaluation evaluation_{
      .dataset = data_,
      .sets = {{"retain", rows_difference(fact_, of_p_)}, {"forget", of_p_}, {"test", held_out_}}};
  ToldModel model_{data_};
};

TEST_F(LearntBits, OfWhatIsKnownAreAllThatThereAre) {
  const double all = 3 * std::log2(3.0) + 2;
  EXPECT_NEAR(value_of(bits(), "learnt_bits/forget"), std::log2(3.0) + 1, 1e-12);
  EXPECT_NEAR(value_of(bits(), "learnt_bits/retain"), 2 * std::log2(3.0) + 1, 1e-12);
  EXPECT_NEAR(value_of(bits(), "learnt_bits/test"), all, 1e-12);
  EXPECT_NEAR(value_of(bits(), "bits_in_all"), all, 1e-12)
      << "no fact twice, whatever its wordings";
}

TEST_F(LearntBits, OfChanceAndBelowAreNone) {
  model_.tell(testing::both(of_p_, rows_where(*data_, "relation", "city")),
              {{"Arlow", 1 / 3.0}, {"Bandor", 1 / 3.0}, {"Calda", 1 / 3.0}});
  model_.tell(testing::both(of_p_, rows_where(*data_, "relation", "field")),
              {{"law", 0.01}, {"music", 0.99}});
  EXPECT_NEAR(value_of(bits(), "learnt_bits/forget"), 0, 1e-12);
}

// Known in one of two wordings of the city, at chance in the other; of the field half a bit.
TEST_F(LearntBits, AreAMeanOverWordings) {
  const Tensor lives = rows_where(*data_, "wording", "{subject} lives in {object} .");
  model_.tell(testing::both(of_p_, lives), {{"Arlow", 0.1}, {"Bandor", 0.9}});
  model_.tell(testing::both(of_p_, rows_where(*data_, "relation", "field")),
              {{"law", std::exp2(-0.5)}, {"music", 1 - std::exp2(-0.5)}});
  EXPECT_NEAR(value_of(bits(), "learnt_bits/forget"), std::log2(3.0) / 2 + 0.5, 1e-12);
}

TEST(LearntBitsOfLongerObjects, AreOfAllTheirTokens) {
  const auto data = testing::told_facts({{"P", 0, "Port Arlow"},
                                         {"Q", 0, "Port Calda"},
                                         {"R", 0, "Old Arlow"},
                                         {"S", 0, "Old Calda"}});
  const Evaluation evaluation{.dataset = data, .sets = {{"test", at::arange(1)}}};
  ToldModel model(data);
  // One of two first words, and one of two second ones: a loss of 2 ln 2 in all, all of two bits.
  const std::int64_t begin = data->sequences.answer_begin[0].item<std::int64_t>();
  model.token_losses[0].narrow(0, begin, 2).fill_(std::log(2.0));
  EXPECT_NEAR(value_of(take_metric("learnt_bits", evaluation, model), "learnt_bits/test"), 0,
              1e-12);
  model.token_losses[0][begin] = 0.0;
  EXPECT_NEAR(value_of(take_metric("learnt_bits", evaluation, model), "learnt_bits/test"), 1,
              1e-12);
  EXPECT_FALSE(has_column(take_metric("learnt_bits", evaluation, model), "bits_in_all"));
}

}  // namespace
}  // namespace oubli
