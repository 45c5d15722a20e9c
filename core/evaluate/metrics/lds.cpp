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
// expectation itself would score the square root of that for each test: lds/K of the row `ceiling`
// is the mean of these. It is exact for Pearson's correlation, and near for ranks; the noise of
// each test's own agreement takes a little off it.
//
// Intervals: crossed_jackknife.h over subsets, tests and originals.
#include "core/evaluate/metrics/lds.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

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

std::vector<double> correlations(const LdsRanks& a, const LdsRanks& b, std::size_t left_out) {
  std::vector<double> by_test;
  by_test.reserve(a.size());
  for (std::size_t t = 0; t < a.size(); ++t) {
    by_test.push_back(rank_correlation(a[t], b[t], left_out));
  }
  return by_test;
}

double mean_of(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

double mean_correlation(const LdsRanks& a, const LdsRanks& b, std::size_t left_out) {
  return mean_of(correlations(a, b, left_out));
}

// The statistic without each of its values, of their mean; none of one value.
std::vector<double> means_without_each(const std::vector<double>& values) {
  const double n = static_cast<double>(values.size()), mean = mean_of(values);
  std::vector<double> means;
  for (std::size_t i = 0; i < values.size() && values.size() > 1; ++i) {
    means.push_back((n * mean - values[i]) / (n - 1));
  }
  return means;
}

// The mean over originals, and over truths, of the correlation of a ranking by each original and
// one by each truth. `more`: the statistic without each unit of one more side.
Estimate mean_over_pairs(const std::vector<const LdsRanks*>& originals,
                         const std::vector<LdsRanks>& truths,
                         const std::vector<double>& more = {}) {
  const std::size_t tests = truths.front().size(), subsets = truths.front().front().size();
  const double pairs = static_cast<double>(originals.size() * truths.size());
  std::vector<double> of_original, without_subset(subsets, 0), of_test(tests, 0);
  for (const LdsRanks* original : originals) {
    double own = 0;
    for (const LdsRanks& truth : truths) {
      const std::vector<double> each = correlations(*original, truth, kAllSubsets);
      own += mean_of(each) / static_cast<double>(truths.size());
      for (std::size_t t = 0; t < tests; ++t) of_test[t] += each[t] / pairs;
      for (std::size_t s = 0; s < subsets; ++s) {
        without_subset[s] += mean_correlation(*original, truth, s) / pairs;
      }
    }
    of_original.push_back(own);
  }
  return crossed_jackknife(mean_of(of_original), {means_without_each(of_original), without_subset,
                                                  means_without_each(of_test), more});
}

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
  return ranks_by_test(-at::mm(members, effect.to(at::kDouble)));
}

// The sum of all but one, which has the ranks of their mean; of all where `left_out` is none.
Tensor summed_effect(const std::vector<Tensor>& effects, std::size_t left_out) {
  Tensor sum = at::zeros(effects.front().sizes(), at::kDouble);
  for (std::size_t i = 0; i < effects.size(); ++i) {
    if (i != left_out) sum.add_(effects[i]);
  }
  return sum;
}

// The rankings by the mean effect of all originals, and by that without each of them.
struct EnsembleRanks {
  LdsRanks all;
  std::vector<LdsRanks> without;

  EnsembleRanks(const std::vector<Tensor>& effects, const Tensor& members)
      : all(predicted_ranks(members, summed_effect(effects, effects.size()))) {
    for (std::size_t i = 0; i < effects.size(); ++i) {
      without.push_back(predicted_ranks(members, summed_effect(effects, i)));
    }
  }

  Estimate estimate(const std::vector<LdsRanks>& truths) const {
    std::vector<double> without_original;
    for (const LdsRanks& rest : without) {
      double sum = 0;
      for (const LdsRanks& truth : truths) sum += mean_correlation(rest, truth, kAllSubsets);
      without_original.push_back(sum / static_cast<double>(truths.size()));
    }
    return mean_over_pairs({&all}, truths, without_original);
  }
};

double ceiling_of(double agreement, std::int64_t retrainings) {
  const double k = static_cast<double>(retrainings);
  const double reliability = k * agreement / (1 + (k - 1) * agreement);
  return reliability > 0 ? std::sqrt(reliability) : 0;
}

// The mean agreement of all pairs of retrainings, by test.
std::vector<double> agreement_by_test(const std::vector<LdsRanks>& truths, std::size_t left_out) {
  std::vector<double> by_test(truths.front().size(), 0);
  double pairs = 0;
  for (std::size_t a = 0; a < truths.size(); ++a) {
    for (std::size_t b = 0; b < a; ++b, ++pairs) {
      const std::vector<double> each = correlations(truths[a], truths[b], left_out);
      for (std::size_t t = 0; t < each.size(); ++t) by_test[t] += each[t];
    }
  }
  for (double& value : by_test) value /= pairs;
  return by_test;
}

// Of a truth: how far its own retrainings agree, and what could be reached, which is a root for
// each test and then the mean of those.
std::vector<PooledValue> ceilings(const Tensor& losses) {
  if (losses.size(0) < 2) return {};
  const std::vector<LdsRanks> truths = truths_of(losses, 1);
  const std::vector<double> whole = agreement_by_test(truths, kAllSubsets);
  std::vector<std::vector<double>> without_subset;
  for (std::size_t s = 0; s < truths.front().front().size(); ++s) {
    without_subset.push_back(agreement_by_test(truths, s));
  }
  const auto estimate = [&](const auto& turned) {
    const auto turned_all = [&](std::vector<double> values) {
      for (double& value : values) value = turned(value);
      return values;
    };
    std::vector<double> subsets;
    subsets.reserve(without_subset.size());
    for (const std::vector<double>& each : without_subset) {
      subsets.push_back(mean_of(turned_all(each)));
    }
    const std::vector<double> tests = turned_all(whole);
    return crossed_jackknife(mean_of(tests), {subsets, means_without_each(tests)});
  };
  std::vector<PooledValue> values = {
      {"lds_agreement", estimate([](double agreement) { return agreement; })}};
  for (const std::int64_t k : numbers_of_retrainings(losses)) {
    values.push_back({lds_column("lds", k),
                      estimate([k](double agreement) { return ceiling_of(agreement, k); })});
  }
  return values;
}

std::vector<LdsRanks> ranks_of_all(const AttributionInput& input, const Tensor& members) {
  std::vector<LdsRanks> predicted;
  predicted.reserve(input.effects.size());
  for (const Tensor& effect : input.effects) predicted.push_back(predicted_ranks(members, effect));
  return predicted;
}

std::vector<PooledValue> compute_lds(const AttributionInput& input) {
  const bool has_losses = input.losses.defined() && input.losses.size(1) >= 3;
  if (!has_losses || input.losses.size(2) == 0) return {};
  if (input.effects.empty()) return ceilings(input.losses);
  const Tensor members = input.members.to(at::kDouble);
  const std::vector<LdsRanks> predicted = ranks_of_all(input, members);
  std::vector<const LdsRanks*> originals;
  originals.reserve(predicted.size());
  for (const LdsRanks& own : predicted) originals.push_back(&own);
  std::optional<EnsembleRanks> ensemble;
  if (input.effects.size() > 1) ensemble.emplace(input.effects, members);
  std::vector<PooledValue> values, together;
  for (const std::int64_t k : numbers_of_retrainings(input.losses)) {
    const std::vector<LdsRanks> truths = truths_of(input.losses, k);
    values.push_back({lds_column("lds", k), mean_over_pairs(originals, truths)});
    if (ensemble) together.push_back({lds_column("lds_together", k), ensemble->estimate(truths)});
  }
  values.insert(values.end(), together.begin(), together.end());
  return values;
}

}  // namespace

double lds_of_one_retraining(const AttributionInput& input) {
  const std::vector<LdsRanks> truths = truths_of(input.losses, 1);
  const std::vector<LdsRanks> predicted = ranks_of_all(input, input.members.to(at::kDouble));
  double sum = 0;
  for (const LdsRanks& own : predicted) {
    for (const LdsRanks& truth : truths) sum += mean_correlation(own, truth, kAllSubsets);
  }
  return sum / static_cast<double>(truths.size() * predicted.size());
}

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
                "sums are equal. Of the row `ceiling`: the mean over tests of the root of the "
                "reliability of K retrainings' mean, which what knew the expectation would reach."},
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
            .definition =
                "Of a row with a sweep: the best lds/1 of its settings on all tests, "
                "less that of each half of them with what the other half chose, which "
                "is what is shown: what choosing on the judged tests would add. Subsets and "
                "models are the same for both halves, so that what all tests have in "
                "common in them is not seen."},
           {.name = "lds_agreement",
            .heading = "agreement",
            .group = ColumnGroup::kAttribution,
            .better = GoodSide::kHigher,
            .range = "[-1, 1]",
            .definition = "Of the row `ceiling`: mean over tests and pairs of retrainings of "
                          "Spearman's correlation of their losses over subsets."}},
      .compute_attribution = compute_lds,
      .needs = {.attribution = true, .subsets = true},
      .version = 2};
}

}  // namespace oubli
