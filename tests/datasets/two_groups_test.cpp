#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "datasets/source.h"
#include "tests/support/files.h"

namespace oubli {
namespace {

LoadedData two_groups(const Json& settings) {
  return builtin_datasets().find("two_groups").configure(testing::settings_from(settings))({});
}

Tensor is_in_b(const Dataset& dataset) {
  return at::tensor(dataset.columns.at("group").level_of, at::kInt).eq(1);
}

// Normal distribution function.
double phi(double x) { return 0.5 * std::erfc(-x / std::sqrt(2.0)); }

TEST(TwoGroups, DecisionsAreFairAndTheBestRuleIsKnown) {
  const Json settings = {{"examples", 40000}, {"separation", 2}, {"apart", 3}, {"minority", 0.2}};
  const Dataset dataset = two_groups(settings).dataset;
  const auto n = static_cast<double>(dataset.size());
  const Tensor in_b = is_in_b(dataset), granted = dataset.targets.eq(1);
  const double share = in_b.to(at::kDouble).mean().item<double>();
  EXPECT_NEAR(share, 0.2, 5 * std::sqrt(0.16 / n));
  // Five standard errors around one half, in both groups.
  for (const Tensor& group : {in_b, in_b.logical_not()}) {
    const Tensor own = granted.index({group}).to(at::kDouble);
    EXPECT_NEAR(own.mean().item<double>(), 0.5,
                5 * 0.5 / std::sqrt(static_cast<double>(own.numel())));
  }
  const Tensor right = dataset.inputs.select(1, 0).gt(0).eq(granted);
  EXPECT_NEAR(right.to(at::kDouble).mean().item<double>(), phi(1), 5 * 0.5 / std::sqrt(n));
  const Tensor told_apart = dataset.inputs.select(1, 1).gt(0).eq(in_b);
  EXPECT_NEAR(told_apart.to(at::kDouble).mean().item<double>(), phi(1.5), 5 * 0.5 / std::sqrt(n));
}

TEST(TwoGroups, ALargerMinorityHoldsASmallerOne) {
  const Tensor few = is_in_b(two_groups({{"minority", 0.1}}).dataset),
               more = is_in_b(two_groups({{"minority", 0.4}}).dataset);
  EXPECT_FALSE((few & more.logical_not()).any().item<bool>());
  EXPECT_GT(more.sum().item<int>(), few.sum().item<int>());
}

}  // namespace
}  // namespace oubli
