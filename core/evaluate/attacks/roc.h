// What a membership attack's scores are worth. Higher scores mean "member". Scores that are not
// numbers give values that are none.
#pragma once

#include "core/evaluate/metric.h"

namespace oubli {

// Area under the ROC curve by Mann and Whitney: the probability that a positive scores above a
// negative, ties counting one half. In [0, 1]; 0.5 tells nothing apart. Throws Error(kUsage) where
// either side is empty.
double auc(const Tensor& positive_scores, const Tensor& negative_scores);

// True positive rate at the largest false positive rate that is attained and at most `fpr`. Equal
// scores are accepted or rejected together, and nothing is interpolated. With fewer than 1 / fpr
// negatives it is the rate without any false positive. Throws Error(kUsage) where either side is
// empty. Cost: a sort. Source: Carlini et al. 2022.
double tpr_at_fpr(const Tensor& member_scores, const Tensor& other_scores, double fpr);

// Standard error of the AUC over examples, without assuming a distribution:
//   se^2 = var_i(P(member i > other)) / n_members + var_j(P(member > other j)) / n_others,
// ties counting one half, variances with n - 1. What the draw of the examples alone moves the AUC
// by, beside the spread over training seeds. Throws Error(kUsage) where a side has fewer than two.
// Cost: a sort. Source: DeLong, DeLong and Clarke-Pearson 1988.
double auc_standard_error(const Tensor& member_scores, const Tensor& other_scores);

// The column of it beside the AUC's column `auc`, called `heading` in tables.
ColumnInfo auc_error_column(const std::string& auc, const std::string& heading);

}  // namespace oubli
