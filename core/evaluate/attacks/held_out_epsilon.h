// How much epsilon an attack's scores disprove, on examples of one model: the threshold and the
// direction are chosen on every second example of either side, as those with the largest bound
// there (the members' scores being the candidates), and the lower bound
// (core/evaluate/statistics/epsilon.h) is of the other examples.
//
// The bound takes examples for independent, as audits of one training run do (Steinke, Nasr and
// Jagielski 2023): it is evidence from one model, not a certificate. It holds with probability 1 -
// alpha for the examples judged, whatever was chosen on the others.
//
// Throws Error(kUsage) where a side has fewer than two scores or one is not a number.
// Cost: O(members * n).
#pragma once

#include "core/base/tensor.h"
#include "core/evaluate/statistics/epsilon.h"

namespace oubli {

EpsilonBound held_out_epsilon(const Tensor& member_scores, const Tensor& other_scores,
                              const EpsilonOptions& options = {});

}  // namespace oubli
