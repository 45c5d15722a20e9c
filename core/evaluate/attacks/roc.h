// What a membership attack's scores are worth. Higher scores mean "member".
#pragma once

#include "core/base/tensor.h"

namespace oubli {

// True positive rate at the largest false positive rate that is attained and at most `fpr`. Equal
// scores are accepted or rejected together, and nothing is interpolated. With fewer than 1 / fpr
// negatives it is the rate without any false positive. Throws Error(kUsage) where either side is
// empty. Cost: a sort. Source: Carlini et al. 2022.
double tpr_at_fpr(const Tensor& member_scores, const Tensor& other_scores, double fpr);

}  // namespace oubli
