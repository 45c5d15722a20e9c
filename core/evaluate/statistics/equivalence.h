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
// The tests, with d = mean x - mean y, s_y the oracles' sd, t Student's quantile and se, df
// Welch's:
//   given margin M:  d + t_{1-alpha,df} se < M                                      (Schuirmann
//   1987) estimated margin, its own error included: with M = factor s_y and the lower limit M_L = M
//   sqrt((J-1) / chi2_{1-alpha,J-1}),
//                    d + sqrt((t_{1-alpha,df} se)^2 + (M - M_L)^2) < M,      (Zou and Donner 2008)
// and the same for -d. The margin is estimated where M_L > resolution; else the resolution is used.
// p-values are the alpha at which a test just rejects. The interval of d at 1 - 2 alpha lies inside
// a given margin exactly where both of its tests reject.
//
// Why not the delta method (s_y's variance added to se^2, Satterthwaite degrees of freedom):
// simulated at delta = factor sigma (normal values, 100,000 repetitions, S in {3, 5, 10, 20}, J in
// {3, 8, 64}, a method spread of 0 to 3 sigma), its largest rate of false equivalence is 5.9 %,
// this one's 5.5 %; for J = 8 its power at delta = 0, S = 10 and equal spreads is 46 %, this one's
// 61 %. The sd is skewed, and the delta method is not. Other simulated rates at alpha = 5 %: false
// equivalence for a given margin at most 6.1 %; where resolution and factor sigma are equal, the
// worst case, at most 6.5 % (taking the larger of the two estimates instead gives 9.4 %);
// `different` when delta = 0: 3.5 to 7.5 %, the largest for J = 3 and S = 20 of equal spread, which
// is Welch's test's own error.
//
// What to expect: J = 3 never shows equivalence by the oracles' spread, whatever S; J = 8 can.
// One method value has no spread, and no test: `tests` is absent and two training seeds are needed.
// Where nothing scatters, d is exact: p is 0 or 1, and equal values are equivalent at any margin.
//
// Errors: kUsage on no method value, fewer than two oracles, a value that is not finite, a negative
// resolution or factor, alpha outside (0, 0.5). Cost: O(S + J).
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "core/evaluate/statistics/intervals.h"
#include "core/evaluate/statistics/moments.h"

namespace oubli {

struct EquivalenceOptions {
  double resolution = 0;
  double margin_factor = 1.4142135623730951;
  double alpha = 0.05;
};

// The margin that the tests use. `from_oracles`: set by the oracles' spread and so uncertain.
struct Margin {
  double value = 0;
  bool from_oracles = false;
};
Margin equivalence_margin(const Moments& oracles, const EquivalenceOptions& options);

struct EquivalenceTests {
  double standard_error = 0;  // of the difference
  double df = 0;
  double p_lower = 1;      // of delta <= -margin
  double p_upper = 1;      // of delta >= margin
  double p_different = 1;  // of delta = 0; where many methods are tested, adjust it (holm.h)
  Interval interval_95;    // of delta
  Interval interval_90;
  bool equivalent = false;  // both one-sided p-values are below alpha
};

struct Equivalence {
  Moments method;
  Moments oracles;
  EquivalenceOptions options;
  double difference = 0;       // mean method - mean oracles
  double oracle_distance = 0;  // factor times the oracles' sd
  Margin margin;
  std::optional<EquivalenceTests> tests;  // absent for one method value
};

Equivalence compare_with_oracles(const std::vector<double>& method,
                                 const std::vector<double>& oracles,
                                 const EquivalenceOptions& options = {});

enum class Verdict { kEquivalent, kDifferent, kUndecided };

// `p_different`: adjusted for the number of methods tested.
Verdict verdict(const Equivalence& comparison, double p_different);

// The largest |d| that is still called equivalent, negative where none is: the condition
// |d| < largest is `equivalent` without its p-values. Both sides need two values or more.
double largest_equivalent_difference(const Moments& method, const Moments& oracles,
                                     const EquivalenceOptions& options);

struct Seeds {
  std::size_t training = 0;
  std::size_t oracles = 0;
};

// About how many seeds would decide with probability `power`, if the difference and both spreads
// truly are what was seen: for equivalence where |d| is below the margin, for a difference where it
// is above. More training seeds alone where they suffice; else equally many of both. Absent where
// more than 1,000 would be needed, as where |d| is near the margin. One method value needs a second
// before anything can be said. A planning aid: what was seen is itself uncertain.
std::optional<Seeds> more_seeds(const Equivalence& comparison, double power = 0.8);

}  // namespace oubli
