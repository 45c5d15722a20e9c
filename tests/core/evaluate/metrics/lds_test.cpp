#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "core/base/random.h"
#include "core/evaluate/metric.h"
#include "core/evaluate/statistics/crossed_jackknife.h"

namespace oubli {
namespace {

constexpr std::int64_t kSubsets = 30, kExamples = 12, kTests = 6;

// Losses that are minus sums of true effects, with noise of each retraining.
struct LdsProblem {
  Tensor effect, members;
  AttributionInput input;

  LdsProblem(std::int64_t retrainings, double noise) {
    Generator draws(2);
    effect = draws.normal({kExamples, kTests}, at::kDouble);
    members = draws.uniform({kSubsets, kExamples}, at::kDouble) < 0.5;
    const Tensor mean = -at::mm(members.to(at::kDouble), effect);
    input.members = members;
    input.losses = mean + noise * draws.normal({retrainings, kSubsets, kTests}, at::kDouble);
  }
};

double value_in(const AttributionInput& input, const std::string& column) {
  for (const PooledValue& value : builtin_metrics().find("lds").compute_attribution(input)) {
    if (value.column == column) return value.estimate.mean;
  }
  ADD_FAILURE() << "no column " << column;
  return 0;
}

TEST(Lds, OfTheTrueEffectsIsOneAndOfTheOppositeMinusOne) {
  LdsProblem problem(1, 0);
  problem.input.effects = {problem.effect};
  EXPECT_DOUBLE_EQ(value_in(problem.input, "lds/1"), 1);
  problem.input.effects = {-3 * problem.effect};
  EXPECT_DOUBLE_EQ(value_in(problem.input, "lds/1"), -1);
  problem.input.effects = {at::zeros_like(problem.effect)};
  EXPECT_EQ(value_in(problem.input, "lds/1"), 0) << "nothing is predicted";
}

TEST(Lds, OfTheExpectationIsTheCeiling) {
  LdsProblem problem(4, 1.5);
  AttributionInput truth = problem.input;
  problem.input.effects = {problem.effect};
  for (const char* column : {"lds/1", "lds/2", "lds/4"}) {
    EXPECT_NEAR(value_in(problem.input, column), value_in(truth, column), 0.06) << column;
  }
  // The mean over tests of each one's own.
  double one = 0, four = 0;
  for (std::int64_t t = 0; t < kTests; ++t) {
    AttributionInput own = truth;
    own.losses = truth.losses.narrow(2, t, 1);
    const double agreement = value_in(own, "lds_agreement");
    one += std::sqrt(agreement) / kTests;
    four += std::sqrt(4 * agreement / (1 + 3 * agreement)) / kTests;
  }
  EXPECT_NEAR(value_in(truth, "lds/1"), one, 1e-14);
  EXPECT_NEAR(value_in(truth, "lds/4"), four, 1e-14);
}

// Effects with noise of their own: together they are nearer.
TEST(Lds, OfAllOriginalsTogetherIsOfTheirMeanEffect) {
  LdsProblem problem(2, 0.5);
  Generator draws(4);
  Tensor sum = at::zeros_like(problem.effect);
  for (int i = 0; i < 4; ++i) {
    problem.input.effects.push_back(problem.effect +
                                    draws.normal({kExamples, kTests}, at::kDouble));
    sum.add_(problem.input.effects.back());
  }
  const double together = value_in(problem.input, "lds_together/2");
  EXPECT_GT(together, value_in(problem.input, "lds/2") + 0.05);
  problem.input.effects = {sum};
  EXPECT_DOUBLE_EQ(value_in(problem.input, "lds/2"), together);
}

// Each side's values, computed anew from a smaller problem.
TEST(Lds, HasTheIntervalOfLeavingOutOriginalsSubsetsAndTests) {
  LdsProblem problem(1, 1);
  Generator draws(4);
  for (int i = 0; i < 3; ++i) {
    problem.input.effects.push_back(
        (problem.effect + draws.normal({kExamples, kTests}, at::kDouble)).round());  // with ties
  }
  const AttributionInput& whole = problem.input;
  const auto rest = [](std::int64_t n, std::int64_t i) {
    return at::cat({at::arange(i), at::arange(i + 1, n)});
  };
  std::vector<double> originals, subsets, tests;
  for (std::size_t i = 0; i < 3; ++i) {
    AttributionInput part = whole;
    part.effects.erase(part.effects.begin() + static_cast<std::ptrdiff_t>(i));
    originals.push_back(value_in(part, "lds/1"));
  }
  for (std::int64_t s = 0; s < kSubsets; ++s) {
    AttributionInput part = whole;
    part.members = whole.members.index_select(0, rest(kSubsets, s));
    part.losses = whole.losses.index_select(1, rest(kSubsets, s));
    subsets.push_back(value_in(part, "lds/1"));
  }
  for (std::int64_t t = 0; t < kTests; ++t) {
    AttributionInput part = whole;
    part.losses = whole.losses.index_select(2, rest(kTests, t));
    for (Tensor& effect : part.effects) effect = effect.index_select(1, rest(kTests, t));
    tests.push_back(value_in(part, "lds/1"));
  }
  const auto values = builtin_metrics().find("lds").compute_attribution(whole);
  EXPECT_EQ(values.front().column, "lds/1");
  const Estimate expected =
      crossed_jackknife(value_in(whole, "lds/1"), {originals, subsets, tests});
  EXPECT_NEAR(*values.front().estimate.half_width, *expected.half_width, 1e-12);
}

}  // namespace
}  // namespace oubli
