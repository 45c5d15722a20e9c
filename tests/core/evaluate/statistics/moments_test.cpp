#include "core/evaluate/statistics/moments.h"

#include <gtest/gtest.h>

#include <cmath>

#include "core/base/error.h"
#include "core/evaluate/statistics/ranks.h"

namespace oubli {
namespace {

TEST(Moments, OfAShortList) {
  const Moments m = moments({1, 2, 6});
  EXPECT_DOUBLE_EQ(m.mean, 3);
  EXPECT_DOUBLE_EQ(m.variance, 7);
  EXPECT_DOUBLE_EQ(m.sd(), std::sqrt(7.0));
}

TEST(Moments, EqualValuesHaveNoSpreadAtAll) {
  const Moments m = moments(std::vector<double>(7, 0.1));
  EXPECT_EQ(m.mean, 0.1);
  EXPECT_EQ(m.variance, 0);
}

TEST(Moments, RefuseNothingAndNonFinite) {
  EXPECT_THROW(moments({}), Error);
  EXPECT_THROW(moments({1, std::nan("")}), Error);
  EXPECT_THROW(moments({1, INFINITY}), Error);
}

TEST(Ranks, TiesShareTheMeanOfTheirRanks) {
  const Ranks ranks = midranks({5, 1, 5, 0, 5});
  EXPECT_EQ(ranks.ranks, (std::vector<double>{4, 2, 4, 1, 4}));
  EXPECT_EQ(ranks.tie_term, 24);
  EXPECT_TRUE(midranks({}).ranks.empty());
  EXPECT_THROW(midranks({std::nan("")}), Error);
}

}  // namespace
}  // namespace oubli
