// ROC summaries of an attack that gives every example a score, high for "was trained on".
//
// At the threshold t all examples with a score s >= t are called positive, so tied scores pass or
// fail together; nothing is interpolated between thresholds. Scores may be infinite. Where one is
// not a number, so is the summary. All throw Error(kUsage) where either side is empty.
#pragma once

#include <optional>

#include "core/base/tensor.h"

namespace oubli {

// Area under the curve by Mann and Whitney: the probability that a positive scores above a
// negative, ties counting one half. In [0, 1]; 0.5 tells nothing apart.
double auc(const Tensor& positive_scores, const Tensor& negative_scores);

// Standard error of the AUC by DeLong, DeLong and Clarke-Pearson (1988): with psi(x, y) = 1 for
// x > y, 1/2 for x = y and 0 otherwise,
//   SE^2 = Var_i(mean_j psi(x_i, y_j)) / n+  +  Var_j(mean_i psi(x_i, y_j)) / n-,
// variances with n - 1 degrees of freedom. Absent where a side has one example. It is 0 where the
// sides are separated, which says that they are, and not that the AUC is exact.
std::optional<double> auc_standard_error(const Tensor& positive_scores,
                                         const Tensor& negative_scores);

// The largest true-positive rate among thresholds whose false-positive rate is at most `fpr`. With
// fewer than 1 / fpr negatives it is the rate at no false positive at all.
double tpr_at_fpr(const Tensor& positive_scores, const Tensor& negative_scores, double fpr);

// max_t TPR(t) - FPR(t) in [0, 1] (Yeom et al. 2018, over all thresholds).
double membership_advantage(const Tensor& positive_scores, const Tensor& negative_scores);

}  // namespace oubli
