// Where one more value lies among those of a sample: of a model that there is one of, among
// retrained ones.
//
// With n values y, mean m and sd s, another draw from where they come from lies, at level 1 -
// alpha, within
//   m +- t_{1 - alpha/2, n-1} s sqrt(1 + 1/n),
// and a value x is as far out as p = P(|t_{n-1}| >= |x - m| / (s sqrt(1 + 1/n))). Values nearer to
// m than the resolution, a difference that matters to nobody, have p = 1, and the interval is no
// narrower than that. Exact for normal values. Source: Student 1908; Hahn and Meeker 1991.
//
// It says nothing of what another model in x's place would give: for that there must be several.
//
// Errors: kUsage on fewer than two values, one that is not finite, a negative resolution, or a
// level that does not lie strictly between 0 and 1. Cost: O(n).
#pragma once

#include <vector>

#include "core/evaluate/statistics/intervals.h"

namespace oubli {

struct Place {
  double difference = 0;  // x - m
  double p = 1;           // two-sided
  Interval interval;      // of another draw, at the level asked for
};

Place place_among(double x, const std::vector<double>& sample, double level = 0.95,
                  double resolution = 0);

}  // namespace oubli
