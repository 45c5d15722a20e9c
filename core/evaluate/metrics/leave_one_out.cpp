// Leave-one-out: whether effects are what training again without one example does.
//
//   loo_r      mean over tests of Pearson's correlation, over the examples that were left out, of
//              effects and true changes
//   loo_slope  mean over tests of the slope of the least-squares line of the change on the effect
//   loo_error  sum of |effect - change| over the sum of |change|
//
// Source: Koh and Liang 2017 (arXiv 1703.04730), section 5.1 and figure 2. A slope above 1 is an
// influence that is too small: 1 / (1 - leverage) in linear models. Each original's effects are
// held against what leaving out does to that original. Effects in no unit of a loss, such as
// products of gradients, have a correlation and no meaningful slope or error.
//
// Intervals: crossed_jackknife.h over originals, examples and tests.
#include <ATen/ATen.h>

#include <vector>

#include "core/evaluate/metric.h"
#include "core/evaluate/statistics/crossed_jackknife.h"

namespace oubli {
namespace {

// What one original's effects say of the examples left out, [k, tests], and what is true.
struct LooPair {
  Tensor predicted, actual;

  LooPair without_example(std::int64_t i) const {
    const Tensor rest = at::cat({at::arange(i), at::arange(i + 1, predicted.size(0))});
    return {predicted.index_select(0, rest), actual.index_select(0, rest)};
  }
};

// A statistic is a quotient of the sums over tests of these two.
struct LooParts {
  Tensor above, below;  // [tests]

  double value() const { return (above.sum() / below.sum()).item<double>(); }
  double without(std::int64_t t) const {
    return ((above.sum() - above[t]) / (below.sum() - below[t])).item<double>();
  }
};
using LooStatistic = LooParts (*)(const LooPair&);

LooParts loo_pearson(const LooPair& pair) {
  const Tensor p = pair.predicted - pair.predicted.mean(0), a = pair.actual - pair.actual.mean(0);
  const Tensor size = p.norm(2, 0) * a.norm(2, 0);
  const Tensor r = (p * a).sum(0) / size;
  return {at::where(size > 0, r, at::zeros_like(r)), at::ones_like(r)};
}

LooParts loo_slope(const LooPair& pair) {
  const Tensor p = pair.predicted - pair.predicted.mean(0), a = pair.actual - pair.actual.mean(0);
  const Tensor each = (p * a).sum(0) / p.square().sum(0);
  return {each, at::ones_like(each)};
}

LooParts loo_error(const LooPair& pair) {
  return {(pair.predicted - pair.actual).abs().sum(0), pair.actual.abs().sum(0)};
}

// Means over originals. These may have other examples left out: the i-th of each stands for a unit.
Estimate loo_estimate(const std::vector<LooPair>& pairs, LooStatistic statistic) {
  const double count = static_cast<double>(pairs.size());
  std::vector<LooParts> parts;
  double sum = 0;
  for (const LooPair& pair : pairs) {
    parts.push_back(statistic(pair));
    sum += parts.back().value();
  }
  std::vector<double> originals, examples, tests;
  for (std::size_t i = 0; i < pairs.size() && pairs.size() > 1; ++i) {
    originals.push_back((sum - parts[i].value()) / (count - 1));
  }
  for (std::int64_t i = 0; i < pairs.front().predicted.size(0); ++i) {
    double without = 0;
    for (const LooPair& pair : pairs) without += statistic(pair.without_example(i)).value();
    examples.push_back(without / count);
  }
  const std::int64_t all_tests = pairs.front().predicted.size(1);
  for (std::int64_t t = 0; t < all_tests && all_tests > 1; ++t) {
    double without = 0;
    for (const LooParts& each : parts) without += each.without(t);
    tests.push_back(without / count);
  }
  return crossed_jackknife(sum / count, {originals, examples, tests});
}

std::vector<PooledValue> compute_leave_one_out(const AttributionInput& input) {
  if (input.effects.empty() || input.left_out.size() != input.effects.size()) return {};
  std::vector<LooPair> pairs;
  for (std::size_t i = 0; i < input.effects.size(); ++i) {
    const AttributionInput::LeftOut& truth = input.left_out[i];
    if (truth.positions.numel() < 3) return {};
    pairs.push_back(
        {input.effects[i].index_select(0, truth.positions).to(at::kDouble), truth.changes});
  }
  return {{"loo_r", loo_estimate(pairs, loo_pearson)},
          {"loo_slope", loo_estimate(pairs, loo_slope)},
          {"loo_error", loo_estimate(pairs, loo_error)}};
}

}  // namespace

Metric leave_one_out_metric() {
  return {.name = "leave_one_out",
          .summary = "whether effects are what training again without one example does",
          .source = "Koh and Liang 2017, arXiv 1703.04730, section 5.1",
          .columns =
              {{.name = "loo_r",
                .heading = "LOO r",
                .group = ColumnGroup::kAttribution,
                .better = GoodSide::kHigher,
                .range = "[-1, 1]",
                .definition = "Mean over tests of Pearson's correlation of effects and of the true "
                              "changes of the test's loss, over the examples that were left out; 0 "
                              "where either does not vary. Mean over originals."},
               {.name = "loo_slope",
                .heading = "LOO slope",
                .group = ColumnGroup::kAttribution,
                .range = "(-inf, inf)",
                .definition = "Mean over tests of the slope of the least-squares line of the true "
                              "change on the effect: 1 where effects are right, above where they "
                              "are too small. Of no meaning for effects in no unit of a loss."},
               {.name = "loo_error",
                .heading = "LOO error",
                .group = ColumnGroup::kAttribution,
                .better = GoodSide::kLower,
                .range = "[0, inf)",
                .definition = "Sum of |effect - change| over the sum of |change|, over examples "
                              "and tests: 1 is what effects of 0 have."}},
          .compute_attribution = compute_leave_one_out,
          .needs = {.attribution = true, .left_out = true}};
}

}  // namespace oubli
