// What certificates claim, in words, and whether an attack disproves it.
//
// A claim of epsilon at delta is disproved by the lower bounds of U-LiRA, each of one model at 95 %
// confidence and delta = 1e-5, where more models are above the claim than chance explains: k of n,
// P(Binomial(n, 0.05) >= k) < 0.05. Nothing is said where the attack tells the oracles' sets apart
// too, since it then sees what the sets are and not what was trained on, nor for a claim at a
// larger delta, which bounds at 1e-5 do not speak of.
#pragma once

#include <string>

#include "experiments/engine/report/results.h"

namespace oubli {

// A line for a row of a method with certificates; "" for others.
std::string claim_line(const Results& results, const RowResult& row);

}  // namespace oubli
