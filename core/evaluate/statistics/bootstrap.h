// Bootstrap intervals: the uncertainty of any statistic of a list, from its values on lists drawn
// with replacement from that list.
//   percentile: the alpha/2 and 1 - alpha/2 quantiles of the B replicates t*;
//   BCa: the same at shifted levels Phi(z0 + (z0 + z)/(1 - a (z0 + z))), z = -+ z_{1-alpha/2}, with
//        the bias   z0 = Phi^{-1}(share of t* below t, equal ones counting half), and
//        the skew   a = sum (m - t_i)^3 / (6 (sum (m - t_i)^2)^(3/2)), t_i the statistic without
//                   value i and m their mean.
// Quantiles interpolate linearly between order statistics. Source: Efron 1987.
//
// Both undercover for few values. Coverage of the mean by the 95 % interval, per cent, simulated
// (4,000 repetitions, 999 resamples):
//   values                   3    5    8   10   20   50
//   normal, percentile      73   83   89   90   92   94
//   normal, BCa             71   83   89   90   92   94
//   exponential, percentile 69   79   85   86   91   93
//   exponential, BCa        67   80   86   88   91   93
// So for the mean of few seeds take Student's interval, and the bootstrap for statistics that have
// no formula, on lists of examples.
//
// Deviation: where all replicates lie on one side of t, the share is taken as half a replicate, so
// that z0 stays finite. Equal replicates give the interval of that one value.
//
// Errors: kUsage on fewer than two values, no resamples, a level outside (0, 1), or a
// statistic that is not finite on a resample. Cost: B + n calls of the statistic.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "core/evaluate/statistics/intervals.h"

namespace oubli {

using Statistic = std::function<double(const std::vector<double>&)>;

enum class BootstrapMethod { kPercentile, kBca };

struct BootstrapOptions {
  BootstrapMethod method = BootstrapMethod::kBca;
  std::size_t resamples = 10000;
  double level = 0.95;
  std::uint64_t seed = 0;  // the same seed gives the same bits on every machine
};

struct BootstrapResult {
  double estimate = 0;  // the statistic of the values themselves
  Interval interval;
  // Two-sided, for the statistic being 0: 2 min(share of t* <= 0, share of t* >= 0), each share
  // with one added above and below, so never 0.
  double p = 1;
};

BootstrapResult bootstrap(const std::vector<double>& values, const Statistic& statistic,
                          const BootstrapOptions& options = {});

// The intervals from replicates that are at hand.
Interval percentile_interval(std::vector<double> replicates, double level);
Interval bca_interval(std::vector<double> replicates, double estimate,
                      const std::vector<double>& leave_one_out, double level);

}  // namespace oubli
