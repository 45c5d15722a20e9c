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
// The tests, with d = mean x - mean y, s_y the oracles' sd, t Student's quantile, Welch's se and
// df:
//   given margin M:    d + t_{1-alpha,df} se < M;
//   estimated margin:  d + sqrt((t_{1-alpha,df} se)^2 + (M - M_L)^2) < M,   M = factor s_y and
//                      M_L = M sqrt((J-1) / chi2_{1-alpha,J-1}) its lower limit;
// and the same for -d. The margin is estimated where M_L > resolution, else the resolution is used.
// p-values are the alpha at which a test just rejects. For a given margin, both tests reject where
// the interval of d at 1 - 2 alpha lies inside it. Sources: Schuirmann 1987 (two one-sided tests);
// Zou and Donner 2008 (joining the limits of two estimates).
//
// Why not the delta method, which adds s_y's variance to se^2 with Satterthwaite's degrees of
// freedom: the sd is skewed, and the delta method is not. Simulated at delta = factor sigma with
// normal values (20,000 and 100,000 repetitions; S in 3 to 20, J in 3 to 64, a method's spread of 0
// to 3 sigma, alpha = 5 %), its largest rate of false equivalence is 6.2 %, against 5.9 % here
// (both for S = 3, J = 64); at delta = 0, J = 8, S = 10 and equal spreads its power is 46 %,
// against 61 % here.
//
// Other simulated rates: false equivalence for a given margin at most 6.5 %, and where resolution
// and factor sigma are equal, the worst case, at most 7 % (9.4 % with the larger of the resolution
// and the estimate); `different` at delta = 0 between 3.5 and 7.5 %. All come to their largest
// where one side has three values and the other many, where Welch's degrees of freedom themselves
// err.
//
// What to expect: with J = 3 and the default factor, the oracles' spread never shows equivalence,
// whatever S; with J = 8 it can. One method value has no spread and so no test: `tests` is absent,
// and a second training seed is needed. Where nothing scatters, d is exact: each p is 0 or 1, and
// equal values are equivalent at any margin.
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

// The margin that the tests use.
struct Margin {
  double value = 0;
  double lower = 0;           // its lower limit at level 1 - alpha; `value` itself where given
  bool from_oracles = false;  // set by the oracles' spread, and so uncertain
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
