// What certificates claim, in words, and whether an attack disproves it.
//
// A claim of epsilon at delta is disproved by the lower bounds of U-LiRA, or of LiRA where that was
// not measured, each of one model at 95 % confidence and the claim's delta, where more models are
// above the claim than chance explains: k of n, P(Binomial(n, 0.05) >= k) < 0.05. An attack that
// tells the oracles' sets apart too disproves nothing, since it then sees what the sets are and not
// what was trained on. A claim that no attack was made on says so.
#pragma once

#include <string>

#include "experiments/engine/report/results.h"

namespace oubli {

// A line for a row of a method with certificates; "" for others.
std::string claim_line(const Results& results, const RowResult& row);

// ", mu = 0.25, of all releases together": what a certificate's epsilon is of.
std::string coverage_text(const Json& certificate);

}  // namespace oubli
