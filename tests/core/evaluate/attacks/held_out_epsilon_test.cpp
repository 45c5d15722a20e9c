#include "core/evaluate/attacks/held_out_epsilon.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "core/base/error.h"
#include "core/base/random.h"

namespace oubli {
namespace {

// Without errors in 100 judged of either side: ln((1 - delta - u) / u), u the Clopper-Pearson
// limit.
TEST(HeldOutEpsilon, OfScoresApartIsWhatSoFewExamplesAllow) {
  const Tensor members = at::arange(1000, 1200, at::kDouble), others = at::arange(200, at::kDouble);
  const double u = 1 - std::pow(0.025, 1.0 / 100);
  EXPECT_NEAR(held_out_epsilon(members, others).epsilon, std::log((1 - 1e-5 - u) / u), 1e-9);
  // The direction is found. Flipped, so that the first half holds the extreme that the rule keeps
  // to.
  EXPECT_NEAR(held_out_epsilon(others.flip(0), members).epsilon, std::log((1 - 1e-5 - u) / u),
              1e-9);
}

// The true epsilon of equal distributions is 0: the bound may exceed it in 5 % of the draws.
TEST(HeldOutEpsilon, OfEqualDistributionsExceedsZeroRarely) {
  Generator generator(5);
  int above = 0;
  for (int i = 0; i < 200; ++i) {
    const Tensor scores = generator.normal({400}, at::kDouble);
    above += held_out_epsilon(scores.slice(0, 0, 200), scores.slice(0, 200)).epsilon > 0;
  }
  EXPECT_LE(above, 20);
}

TEST(HeldOutEpsilon, RefusesWhatItCannotSplit) {
  const Tensor two = at::arange(2, at::kDouble);
  EXPECT_THROW(held_out_epsilon(two.slice(0, 1), two), Error);
  EXPECT_THROW(held_out_epsilon(two, two * std::nan("")), Error);
}

}  // namespace
}  // namespace oubli
