#include "core/evaluate/attacks/samples.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

namespace oubli {
namespace {

TEST(Samples, EvenlySpacedRowsAreDistinctAndInOrder) {
  const Tensor rows = at::arange(100, 110);
  EXPECT_TRUE(evenly_spaced(rows, 4).equal(at::tensor({100, 102, 105, 107}, at::kLong)));
  EXPECT_TRUE(evenly_spaced(rows, 10).equal(rows));
  EXPECT_TRUE(evenly_spaced(rows, 11).equal(rows));
}

TEST(Samples, HalvesHoldAsManyOfEachClassAndNoRowTwice) {
  const Tensor classes = at::tensor({0, 1, 0, 1, 1, 0, 1, 0, 1}, at::kLong);
  const Tensor rows = at::arange(1, 9);  // four of class 1, three of class 0, one more of class 1
  const Halves halves = class_halves(rows, classes);
  EXPECT_EQ(at::isin(halves.first, halves.second).any().item<bool>(), false);
  EXPECT_EQ(halves.first.numel() + halves.second.numel(), rows.numel());
  for (std::int64_t c = 0; c < 2; ++c) {
    const auto count = [&](const Tensor& half) {
      return classes.index_select(0, half).eq(c).sum().item<std::int64_t>();
    };
    EXPECT_LE(std::abs(count(halves.first) - count(halves.second)), 1);
  }
}

// Of four models each row is in two, whatever is drawn: no example is left without a score.
TEST(Samples, HalvesOfModelsComeInPairs) {
  const Tensor rows = at::arange(100, 113);
  Tensor counts = at::zeros({200}, at::kLong);
  for (std::int64_t number = 0; number < 4; ++number) {
    const Tensor half = half_of(rows, number, "test");
    EXPECT_EQ(half.numel(), number % 2 == 0 ? 6 : 7);
    counts.index_add_(0, half, at::ones_like(half));
  }
  EXPECT_TRUE(counts.index_select(0, rows).eq(2).all().item<bool>());
  EXPECT_EQ(counts.sum().item<std::int64_t>(), 26);
  EXPECT_FALSE(half_of(rows, 0, "test").equal(half_of(rows, 2, "test")));
}

TEST(Samples, EveryPositionIsJudgedInOneFold) {
  Tensor seen = at::zeros({13}, at::kLong);
  for (std::int64_t k = 0; k < 5; ++k) {
    const CrossFold fold = fold_of(13, 5, k);
    EXPECT_EQ(fold.fitted.numel() + fold.judged.numel(), 13);
    EXPECT_FALSE(at::isin(fold.fitted, fold.judged).any().item<bool>());
    seen.index_add_(0, fold.judged, at::ones_like(fold.judged));
  }
  EXPECT_TRUE(seen.eq(1).all().item<bool>());
}

}  // namespace
}  // namespace oubli
