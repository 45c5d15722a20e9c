#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "tests/support/told_facts.h"

namespace oubli {
namespace {

using testing::take_metric;
using testing::ToldModel;
using testing::value_of;

// "P lives in Arlow . <s>" has six tokens, of eight positions.
class Memorisation : public ::testing::Test {
 protected:
  double value(const std::string& column) const {
    return value_of(take_metric("memorisation", evaluation_, model_), column);
  }

  std::shared_ptr<const Dataset> data_ = testing::told_facts({{"P", 0, "Arlow"}});
  Evaluation evaluation_{.dataset = data_, .sets = {{"forget", at::arange(1)}}};
  ToldModel model_{data_};
};

TEST_F(Memorisation, OfWhatIsKnownIsAll) {
  ASSERT_EQ(data_->sequences.next[0].ge(0).sum().item<std::int64_t>(), 6);
  EXPECT_EQ(value("extraction_strength/forget"), 1);
  EXPECT_EQ(value("exact_memorisation/forget"), 1);
  // What is said where nothing is asked counts for nothing.
  model_.said[0].slice(0, 6).fill_(3);
  EXPECT_EQ(value("extraction_strength/forget"), 1);
}

TEST_F(Memorisation, IsExtractedFromTheLastMistakeOn) {
  model_.said[0][1] = 0;  // "lives"
  EXPECT_NEAR(value("extraction_strength/forget"), 1 - 2 / 6.0, 1e-15);
  EXPECT_NEAR(value("exact_memorisation/forget"), 5 / 6.0, 1e-15);
  model_.said[0][3] = 0;  // "Arlow"
  EXPECT_NEAR(value("extraction_strength/forget"), 1 - 4 / 6.0, 1e-15);
  EXPECT_NEAR(value("exact_memorisation/forget"), 4 / 6.0, 1e-15);
}

// The released code has 1 / L here.
TEST_F(Memorisation, IsNothingWhereTheLastTokenIsWrong) {
  model_.said[0][5] = 1;
  EXPECT_EQ(value("extraction_strength/forget"), 0);
  EXPECT_NEAR(value("exact_memorisation/forget"), 5 / 6.0, 1e-15);
}

}  // namespace
}  // namespace oubli
