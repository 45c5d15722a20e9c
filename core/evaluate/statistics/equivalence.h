// Whether an edited model can be told from a retrained one: not by failing to find a difference,
// which too few seeds always achieve, but by showing that the difference is smaller than matters.
//
// With S method values x (one per training seed) and J oracle values y (one per oracle seed),
// delta the difference of their true means and sigma the oracles' true spread:
//   margin = max(resolution, factor sigma): the smallest difference that matters to the reader, or,
//            where that is larger, how far two oracles lie from one another (factor = sqrt 2 is
//            their root-mean-square difference);
//   equivalent: |delta| < margin is shown by two one-sided tests, each at alpha;
//   different:  delta = 0 is refuted by Welch's two-sided test.
// A difference can be both, real and too small to matter: then `equivalent` is the answer. It can
// be neither: then more seeds are needed, and more_seeds() says how many.
//
// The tests, with d = mean x - mean y, s_x and s_y the sds, t_n Student's quantile at 1 - alpha
// with n - 1 degrees of freedom:
//   d + sqrt(t_S^2 s_x^2/S + t_J^2 s_y^2/J + (M - M_L)^2) < M,   and the same for -d, where
//   given margin:      M = M_L = resolution;
//   estimated margin:  M = factor s_y, and M_L = M sqrt((J-1) / chi2_{1-alpha,J-1}) its lower
//                      limit, M where that is larger (as it is for alpha near one half).
// It joins the limits of up to three estimates, each with its own degrees of freedom. The margin is
// estimated where even its lower limit at 1 - alpha/4 lies above the resolution. p-values are the
// alpha at which a test just rejects, for that margin. Sources: Schuirmann 1987 (two one-sided
// tests); Zou and Donner 2008 (joining the limits of several estimates).
//
// `different` and the intervals are Welch's. A wrong `different` costs another seed, a wrong
// `equivalent` ends the search: hence not Welch's degrees of freedom here, whose rate of false
// equivalence reaches 6.5 % (S = 3, J = 64) or 8.6 % (S = 2) where alpha is 5 %. They would give
// more power: at delta = 0, S = 10, J = 8 and equal spreads 61 % against 57 % here, at S = 8, J =
// 16 76 % against 73 %. The delta method, which adds the variance of s_y to that of d, has less
// power still (46 % in the first case): an sd is skewed.
//
// Rates simulated with normal values (40,000 repetitions; S in 2 to 64, J in 2 to 1,000, a method's
// spread of 0 to 3 sigma, alpha = 5 %; the largest of some hundred cases, each known to 0.1 %):
// false equivalence at an estimated margin at most 4.9 %, at a given one 5.3 %, and where
// resolution and factor sigma are equal, the worst case, 5.8 % (6.8 % were the margin chosen by M_L
// itself, 9.4 % for the larger of the resolution and the estimate). `different` at delta = 0:
// between 3.5 and 7.5 %, largest where one side has three values and the other many.
//
// Distances to the oracles need one thing more. The value of oracle j is then its mean distance to
// the others, y_j = mean_{k != j} d(j, k), and two oracles share a pair. With d(j, k) = m + f_j +
// f_k + e_jk, y_j - mean y = (f_j - mean f) (J-2)/(J-1) + terms in e: the values scatter too
// little, by a factor of 2 at J = 3. A method's distances to the same oracles have mean m + mean
// f(method) + mean f, so mean x - mean y needs the variance of f / J, which the values of
// leave_one_out() have. Their mean, as an estimate of the distance between two oracles, has 2 f in
// it: pairwise_estimate(). Simulated with models as points of a Gaussian cloud, S = 8 and squared
// distances, `different` at delta = 0 and alpha = 5 %: 16, 12 and 6.3 % for J = 3, 4 and 8 as the
// values stand, and 7.7, 7.0 and 4.6 % scaled.
// It is an approximation where d is not symmetric (kl; distance, whose unit is the other oracle) or
// skewed: for KL between classifiers whose sharpness varies by a factor of 1.5 the interval of
// pairwise_estimate() covers 77, 84 and 92 % for J = 3, 8 and 32 (400 repetitions).
//
// What to expect: with J = 3 and the default factor, the oracles' spread never shows equivalence,
// whatever S; with J = 8 it can. One method value has no spread and so no test: `tests` is absent,
// and a second training seed is needed. Where nothing scatters, d is exact: each p is 0 or 1, and
// the margin itself, a difference that does not matter, is equivalent.
//
// Errors: kUsage on no method value, fewer than two oracles, a value that is not finite, a negative
// resolution or factor, alpha outside (0, 0.5). Cost: O(S + J).
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "core/evaluate/statistics/estimate.h"
#include "core/evaluate/statistics/intervals.h"
#include "core/evaluate/statistics/moments.h"

namespace oubli {

// The values of J oracles, each its mean distance to the others, scaled about their mean by
// (J-1)/(J-2), so that they scatter as independent ones would. Fewer than three throw
// Error(kUsage).
std::vector<double> leave_one_out(const std::vector<double>& values);

// Their mean with its interval, from the jackknife over oracles of a symmetric distance (Arvesen
// 1969): variance 4 (J-1)^2 / (J (J-2)^2) s_y^2, J - 1 degrees of freedom. No interval for J = 2.
Estimate pairwise_estimate(const std::vector<double>& values);

struct EquivalenceOptions {
  double resolution = 0;
  double margin_factor = 1.4142135623730951;
  double alpha = 0.05;
};

// The margin that the tests use.
struct EquivalenceMargin {
  double value = 0;
  bool from_oracles = false;  // set by the oracles' spread, and so uncertain
};
EquivalenceMargin equivalence_margin(const Moments& oracles, const EquivalenceOptions& options);

struct EquivalenceTests {
  double standard_error = 0;  // of the difference, with Welch's degrees of freedom
  double df = 0;
  double p_lower = 1;       // of delta <= -margin
  double p_upper = 1;       // of delta >= margin
  double p_different = 1;   // of delta = 0; over a row's columns, see holm.h
  Interval interval_95;     // of delta
  bool equivalent = false;  // both one-sided p-values are below alpha
};

struct Equivalence {
  Moments method;
  Moments oracles;
  EquivalenceOptions options;
  double difference = 0;       // mean method - mean oracles
  double oracle_distance = 0;  // factor times the oracles' sd
  EquivalenceMargin margin;
  std::optional<EquivalenceTests> tests;  // absent for one method value
};

Equivalence compare_with_oracles(const std::vector<double>& method,
                                 const std::vector<double>& oracles,
                                 const EquivalenceOptions& options = {});

// The largest |d| that is still called equivalent, negative where none is: the condition
// |d| < largest is `equivalent` without its p-values; |d| <= largest where nothing scatters. Both
// sides need two values or more.
double largest_equivalent_difference(const Moments& method, const Moments& oracles,
                                     const EquivalenceOptions& options);

struct SeedPlan {
  std::size_t training = 0;
  std::size_t oracles = 0;
};

// About how many seeds would decide with probability `power`, if the difference and both spreads
// truly are what was seen: for equivalence where |d| is below the margin, for a difference where it
// is above. More training seeds alone where they suffice; else equally many of both. Absent where
// more than 1,000 would be needed, as where |d| is near the margin. One method value needs a second
// before anything can be said. A planning aid: what was seen is itself uncertain.
std::optional<SeedPlan> more_seeds(const Equivalence& comparison, double power = 0.8);

}  // namespace oubli
