// How far two runs of one contraction can lie apart that differ in their data for a while, and how
// well noise in each step hides which of them it was: for gradient descent on a set, and then on
// what is left of it, beside gradient descent on what is left from the start.
//
//   x <- f(x) + N(0, sigma^2 I),   x' <- f'(x') + N(0, sigma^2 I),   from one start,
//
// where |f(a) - f(b)| <= c |a - b|, and |f(a) - f'(a)| <= s, the shift of the phase that a step is
// in. Both may be brought back into a ball of diameter B before each step.
//
// Without noise they are at most z apart: z <- min(B, c z + s) at each step. With noise in each of
// N steps, releases of the last x are told apart no better than N(0, 1) and N(mu, 1) are, with
//
//   mu = A / (sigma sqrt(S)),   A = c^N z_0 + sum_t c^(N-t) s_t,   S = sum_t c^(2(N-t)),
//
// from any step on that the two are z_0 apart at; the least over the beginnings of phases is taken.
// Why: let a process go over from x' to x, by a_t in step t, so that what is left of the way is
// z_t = c z_{t-1} + s_t - a_t >= 0 and z_N = 0. Each step then adds (a_t / sigma)^2 to mu^2. The
// least sum has a_t in proportion to c^(N-t), and z_t >= 0 as s_t does not grow with t: a phase
// counts with the largest shift of those behind it. Renyi divergences: Feldman et al. 2018 (arXiv
// 1808.06651); for mu: Bok, Su and Altschuler 2024 (arXiv 2403.00278). The unequal phases are
// derived here. c may be 1, or more than 1 without noise.
//
// Errors: kUsage for a c, shift or diameter below 0, and for noise with c above 1. Cost: phases^2.
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

namespace oubli {

struct DescentPhase {
  std::int64_t steps = 0;
  double shift = 0;  // in each step
};

struct TwoDescents {
  double contraction = 1;  // c
  double diameter = std::numeric_limits<double>::infinity();
  std::vector<DescentPhase> phases = {};

  std::int64_t steps() const;
  // z at the end.
  double distance() const;
  // mu times sigma, the noise of one step; the distance of what has no step behind it is infinite.
  double sensitivity() const;
};

// sum of c^t over t < steps.
double sum_of_powers(double c, std::int64_t steps);

}  // namespace oubli
