// U-LiRA: the likelihood-ratio attack on unlearning itself (Hayes et al. 2024).
//
// LiRA asks how an example looks to models trained on it and not. U-LiRA asks how it looks to
// models that were trained on it and then made to forget it: the attacker runs the same method.
// The audited examples are the forget set and as many unseen examples U. Shadow k trains on what of
// D remains and a random half A_k of the audited ones, and the method then forgets A_k, and adds
// what the edit adds. A_2k and A_2k+1 are complements. So for
// each audited example there are shadows that forgot it, and shadows that never saw it and forgot
// others instead, which rules out telling that some forgetting took place. Scores are LiRA's
// (lira.h) between these two worlds, and the edited model's forget set is held against U.
//
// Forget set and U need not be alike: mislabelled examples scatter more between models. So with
// four shadows or more on both sides each example has variances of its own, and where nothing was
// learnt its scores do not depend on how much it scatters; with one variance for all, those that
// scatter most would fill the ROC curve's end. 0.5 is as good as retraining; the retrained models'
// own value is the noise floor's row.
#pragma once

#include <optional>

#include "core/evaluate/metric.h"

namespace oubli {

struct AuditedRows {
  Tensor forget;  // at most as many as there are unseen examples of its classes
  Tensor unseen;  // as many

  Tensor all() const;
  // Shadow k's A_k: half of all, sorted.
  Tensor half(std::int64_t shadow) const;
};

// Absent for a regression, and where nothing is forgotten or nothing is unseen.
std::optional<AuditedRows> audited_rows(const Evaluation& evaluation);

}  // namespace oubli
