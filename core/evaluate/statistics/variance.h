// How much of a result's scatter comes from training and how much from unlearning. A method run
// many times on one trained model says nothing about the next trained model, so the interval is
// over training seeds.
//
// One-way random effects: value_ij = mean + training_i + unlearning_ij, for a training seeds with
// n_i unlearning seeds each, N in all (an unlearning seed has no meaning shared between trained
// models, so it is nested in the training seed even where the same numbers are used). With m_i the
// mean of training seed i and m the mean of all values:
//   within  = sum_ij (value_ij - m_i)^2 / (N - a)
//   between = sum_i n_i (m_i - m)^2 / (a - 1)
//   unlearning variance = within
//   training variance   = max(0, (between - within) / n0),   n0 = (N - sum n_i^2 / N) / (a - 1)
//   interval            = mean of the m_i +- t_{1-alpha/2, a-1} sd(m_i) / sqrt(a).
// Unequal n_i are allowed; the training variance then still is unbiased before clipping, and the
// interval, which weighs training seeds equally, approximate. Source: Searle, Casella and McCulloch
// 1992, chapter 3; clipping at 0 as there.
//
// What the seeds cannot tell is absent and never 0: no training variance or interval for one
// training seed; no unlearning variance, and no split, where each has one unlearning seed.
//
// Errors: kUsage on no training seeds, one without values, or a value that is not finite.
// Cost: O(N).
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "core/evaluate/statistics/intervals.h"

namespace oubli {

struct VarianceSplit {
  double mean = 0;                   // of the training seeds' means
  std::optional<Interval> interval;  // of the mean, over training seeds
  std::optional<double> training_variance;
  std::optional<double> unlearning_variance;
  std::size_t training_seeds = 0;
  std::size_t values = 0;
};

// values[training seed][unlearning seed].
VarianceSplit split_variance(const std::vector<std::vector<double>>& values, double level = 0.95);

}  // namespace oubli
