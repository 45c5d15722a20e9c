// Membership attacks that compare a score with a threshold for each class (Song and Mittal 2021,
// section 3): an example with score v and class c is called a member where v >= t_c.
//
// t_c maximises (TPR + TNR) / 2 on examples whose membership the attacker knows, which are others
// than those that the rule is then judged on. Candidates are the scores seen; the lowest of equally
// good ones is taken. A class that is missing on one side takes the threshold fitted on all
// classes. Cost: a sort for each class.
#pragma once

#include "core/base/tensor.h"

namespace oubli {

// Scores, high for "was trained on", with the class of each: [n] and int64 [n].
struct ClassScores {
  Tensor scores, classes;
};

struct ThresholdRule {
  Tensor thresholds;  // float64 [classes]

  // (TPR + TNR) / 2 in [0, 1]; 0.5 tells nothing. Throws Error(kUsage) where a side is empty.
  double balanced_accuracy(const ClassScores& members, const ClassScores& others) const;
};

// Throws Error(kUsage) where a side is empty or a score is not a number.
ThresholdRule fit_threshold_rule(const ClassScores& members, const ClassScores& others,
                                 std::int64_t classes);

}  // namespace oubli
