// The linear datamodeling score (LDS): whether sums of effects tell how models trained on random
// subsets come out.
//
//   predicted(S, t) = - sum over i in S of effect[i, t]
//   lds/K = mean over tests of Spearman's rho over the subsets S, of predicted(S, t) and of the
//           mean loss of K models trained on S
//
// Source: Park et al. 2023 (arXiv 2303.14186), definition 2, of the loss; Ilyas et al. 2022 (arXiv
// 2202.00622). Effects of each original are scored by themselves, and the scores averaged;
// lds_together is of the mean of all originals' effects. K is 1, 2 and as many as there are, over
// disjoint groups of the models. A test of which nothing is predicted, all sums being equal, counts
// as 0.
//
// A model's loss holds its training's noise, which nobody can predict. Two that share a subset
// agree by lds_agreement, the mean of rho over pairs of retrainings; the mean of K is then known
// with the reliability K r / (1 + (K - 1) r) (Spearman and Brown 1910), and what knew the
// expectation itself would score the square root of that: lds/K of the row `ceiling`. It is exact
// for Pearson's correlation, and near for ranks.
//
// Intervals: crossed_jackknife.h over subsets, tests and originals.
#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/evaluate/metric.h"
#include "core/evaluate/statistics/crossed_jackknife.h"
#include "core/evaluate/statistics/ranks.h"

namespace oubli {
namespace {

using LdsRanks = std::vector<std::vector<double>>;  // by test, of the subsets
constexpr std::size_t kAllSubsets = std::numeric_limits<std::size_t>::max();  // none is left out

// values: [subsets, tests].
LdsRanks ranks_by_test(const Tensor& values) {
  const Tensor by_test = values.t().contiguous();
  const double* data = by_test.const_data_ptr<double>();
  const auto subsets = static_cast<std::size_t>(by_test.size(1));
  LdsRanks all;
  for (std::int64_t t = 0; t < by_test.size(0); ++t, data += subsets) {
    all.push_back(midranks({data, data + subsets}).ranks);
  }
  return all;
}

// Of ranks, without the unit `left_out` if it is one of them: those above move down by 1, its
// equals by a half.
double rank_correlation(const std::vector<double>& a, const std::vector<double>& b,
                        std::size_t left_out) {
  const auto rank = [&](const std::vector<double>& ranks, std::size_t i) {
    if (left_out >= ranks.size() || ranks[i] < ranks[left_out]) return ranks[i];
    return ranks[i] - (ranks[i] > ranks[left_out] ? 1.0 : 0.5);
  };
  const std::size_t n = a.size() - (left_out < a.size() ? 1 : 0);
  const double middle = (static_cast<double>(n) + 1) / 2;
  double ab = 0, aa = 0, bb = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (i == left_out) continue;
    const double x = rank(a, i) - middle, y = rank(b, i) - middle;
    ab += x * y;
    aa += x * x;
    bb += y * y;
  }
  return aa > 0 && bb > 0 ? ab / std::sqrt(aa * bb) : 0;
}

double mean_correlation(const LdsRanks& a, const LdsRanks& b, std::size_t left_out) {
  double sum = 0;
  for (std::size_t t = 0; t < a.size(); ++t) sum += rank_correlation(a[t], b[t], left_out);
  return sum / static_cast<double>(a.size());
}

// A statistic that is a mean over pairs of rankings, each of one unit that may be left out (an
// original) with a truth; and through `turn` a function of that mean.
struct RankedPairs {
  std::vector<std::vector<std::pair<const LdsRanks*, const LdsRanks*>>> units;
  double (*turn)(double value, std::int64_t retrainings) = [](double v, std::int64_t) { return v; };
  std::int64_t retrainings = 1;
  std::vector<double> more = {};  // the statistic without each unit of one more side

  Estimate estimate() const {
    const std::size_t subsets = units.front().front().first->front().size();
    std::vector<double> unit_means, subset_means(subsets, 0);
    std::vector<double> by_test(units.front().front().first->size(), 0);
    double pairs = 0;
    for (const auto& unit : units) {
      double own = 0;
      for (const auto& [a, b] : unit) {
        ++pairs;
        own += mean_correlation(*a, *b, kAllSubsets);
        for (std::size_t s = 0; s < subsets; ++s) subset_means[s] += mean_correlation(*a, *b, s);
        for (std::size_t t = 0; t < by_test.size(); ++t) {
          by_test[t] += rank_correlation((*a)[t], (*b)[t], kAllSubsets);
        }
      }
      unit_means.push_back(own / static_cast<double>(unit.size()));
    }
    for (double& value : subset_means) value /= pairs;
    for (double& value : by_test) value /= pairs;
    return crossed_jackknife(
        turned(mean_without(unit_means, unit_means.size())),
        {without_each(unit_means), turned_all(subset_means), without_each(by_test), more});
  }

 private:
  double turned(double value) const { return turn(value, retrainings); }
  std::vector<double> turned_all(std::vector<double> values) const {
    for (double& value : values) value = turned(value);
    return values;
  }
  static double mean_without(const std::vector<double>& values, std::size_t left_out) {
    double sum = 0;
    for (std::size_t i = 0; i < values.size(); ++i) sum += i == left_out ? 0 : values[i];
    return sum / static_cast<double>(values.size() - (left_out < values.size() ? 1 : 0));
  }
  std::vector<double> without_each(const std::vector<double>& values) const {
    std::vector<double> means;
    for (std::size_t i = 0; i < values.size() && values.size() > 1; ++i) {
      means.push_back(turned(mean_without(values, i)));
    }
    return means;
  }
};

// Rankings of the mean losses of disjoint groups of so many retrainings.
std::vector<LdsRanks> truths_of(const Tensor& losses, std::int64_t retrainings) {
  std::vector<LdsRanks> truths;
  for (std::int64_t first = 0; first + retrainings <= losses.size(0); first += retrainings) {
    truths.push_back(ranks_by_test(losses.narrow(0, first, retrainings).mean(0)));
  }
  return truths;
}

std::set<std::int64_t> numbers_of_retrainings(const Tensor& losses) {
  std::set<std::int64_t> numbers = {1, losses.size(0)};
  if (losses.size(0) >= 2) numbers.insert(2);
  return numbers;
}

std::string lds_column(const char* name, std::int64_t retrainings) {
  return fmt::format("{}/{}", name, retrainings);
}

LdsRanks predicted_ranks(const Tensor& members, const Tensor& effect) {
  return ranks_by_test(-at::mm(members, effect));
}

// The sum of all but one, which has the ranks of their mean.
Tensor summed_effect(const std::vector<Tensor>& effects, std::size_t left_out) {
  Tensor sum = at::zeros_like(effects.front());
  for (std::size_t i = 0; i < effects.size(); ++i) {
    if (i != left_out) sum.add_(effects[i]);
  }
  return sum;
}

Estimate together(const AttributionInput& input, const Tensor& members,
                  const std::vector<LdsRanks>& truths) {
  const auto ranks_without = [&](std::size_t original) {
    return predicted_ranks(members, summed_effect(input.effects, original));
  };
  const std::size_t all = input.effects.size();
  const LdsRanks ranks = ranks_without(all);
  RankedPairs pairs;
  pairs.units.emplace_back();
  for (const LdsRanks& truth : truths) pairs.units.back().emplace_back(&ranks, &truth);
  for (std::size_t i = 0; i < all; ++i) {
    const LdsRanks rest = ranks_without(i);
    double sum = 0;
    for (const LdsRanks& truth : truths) sum += mean_correlation(rest, truth, kAllSubsets);
    pairs.more.push_back(sum / static_cast<double>(truths.size()));
  }
  return pairs.estimate();
}

double ceiling_of(double agreement, std::int64_t retrainings) {
  const double k = static_cast<double>(retrainings);
  const double reliability = k * agreement / (1 + (k - 1) * agreement);
  return reliability > 0 ? std::sqrt(reliability) : 0;
}

// Of a truth: how far its own retrainings agree, and what could be reached.
std::vector<PooledValue> ceilings(const Tensor& losses) {
  if (losses.size(0) < 2) return {};
  const std::vector<LdsRanks> truths = truths_of(losses, 1);
  RankedPairs pairs;
  pairs.units.emplace_back();
  for (std::size_t a = 0; a < truths.size(); ++a) {
    for (std::size_t b = 0; b < a; ++b) pairs.units.back().emplace_back(&truths[a], &truths[b]);
  }
  std::vector<PooledValue> values = {{"lds_agreement", pairs.estimate()}};
  pairs.turn = ceiling_of;
  for (const std::int64_t k : numbers_of_retrainings(losses)) {
    pairs.retrainings = k;
    values.push_back({lds_column("lds", k), pairs.estimate()});
  }
  return values;
}

std::vector<PooledValue> compute_lds(const AttributionInput& input) {
  if (!input.losses.defined() || input.losses.size(1) < 3) return {};
  if (input.effects.empty()) return ceilings(input.losses);
  const Tensor members = input.members.to(at::kDouble);
  std::vector<LdsRanks> predicted;
  predicted.reserve(input.effects.size());
  for (const Tensor& effect : input.effects) predicted.push_back(predicted_ranks(members, effect));
  std::vector<PooledValue> values, ensembles;
  for (const std::int64_t k : numbers_of_retrainings(input.losses)) {
    const std::vector<LdsRanks> truths = truths_of(input.losses, k);
    RankedPairs pairs;
    for (const LdsRanks& own : predicted) {
      pairs.units.emplace_back();
      for (const LdsRanks& truth : truths) pairs.units.back().emplace_back(&own, &truth);
    }
    values.push_back({lds_column("lds", k), pairs.estimate()});
    if (input.effects.size() < 2) continue;
    ensembles.push_back({lds_column("lds_together", k), together(input, members, truths)});
  }
  values.insert(values.end(), ensembles.begin(), ensembles.end());
  return values;
}

}  // namespace

Metric lds_metric() {
  return {
      .name = "lds",
      .summary = "linear datamodeling score: whether effects tell how models trained on subsets do",
      .source = "Park et al. 2023, arXiv 2303.14186, definition 2",
      .columns =
          {{.name = "lds",
            .heading = "LDS",
            .group = ColumnGroup::kAttribution,
            .better = GoodSide::kHigher,
            .range = "[-1, 1]",
            .definition =
                "lds/K: mean over tests of Spearman's correlation, over random subsets S of the "
                "training set, of minus the sum of the effects of S and the mean loss of K models "
                "trained on S; the mean over originals and over disjoint groups of K. 0 where all "
                "sums are equal. Of the row `ceiling`: the root of the reliability of K "
                "retrainings' mean, which what knew the expectation would reach."},
           {.name = "lds_together",
            .heading = "LDS together",
            .group = ColumnGroup::kAttribution,
            .better = GoodSide::kHigher,
            .range = "[-1, 1]",
            .definition = "lds/K of the mean of all originals' effects, an ensemble. Left out with "
                          "one original."},
           {.name = "lds_optimism",
            .heading = "LDS optimism",
            .group = ColumnGroup::kAttribution,
            .better = GoodSide::kLower,
            .range = "(-inf, inf)",
            .definition = "Of a row with a sweep: the best lds/1 of its settings on all tests, "
                          "less that of each half of them with what the other half chose, which "
                          "is what is shown: what choosing on the score itself would add."},
           {.name = "lds_agreement",
            .heading = "agreement",
            .group = ColumnGroup::kAttribution,
            .better = GoodSide::kHigher,
            .range = "[-1, 1]",
            .definition = "Of the row `ceiling`: mean over tests and pairs of retrainings of "
                          "Spearman's correlation of their losses over subsets."}},
      .compute_attribution = compute_lds,
      .needs = {.attribution = true}};
}

}  // namespace oubli
