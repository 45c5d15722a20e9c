// What the likelihood-ratio attacks have in common, LiRA (lira.h) and U-LiRA (ulira.h): an
// attacker's models in two worlds, one score for each example, and what the scores are worth.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/evaluate/attacks/lira.h"
#include "core/evaluate/metric.h"

namespace oubli {

// PREFIX_auc and its standard error, _accuracy of calling members what scores above 0, _tpr_1 and
// _tpr_01, and _epsilon, and _claim_epsilon where the model has a claim: of the model's scaled
// confidence on `members` against `others`, shadows with the example chosen against those without;
// and _scored, the share of these examples that have two shadows or more on both sides and so a
// score. _scored alone where fewer than two of either have. `own_variance_from`: of fit_lira.
std::vector<MetricValue> likelihood_ratio_attack(const std::string& prefix,
                                                 const std::vector<const Shadow*>& shadows,
                                                 const Predictions& predictions,
                                                 const Tensor& members, const Tensor& others,
                                                 const std::optional<Claim>& claim,
                                                 double own_variance_from = kLiraOwnVarianceFrom);

// Their descriptions. `ratio`: what the AUC is of, to be read after "Probability that".
// `epsilon_better`: lower, where oracles have an epsilon of 0 whatever the sets are.
std::vector<ColumnInfo> likelihood_ratio_columns(const std::string& prefix,
                                                 const std::string& heading,
                                                 const std::string& ratio, GoodSide epsilon_better);

}  // namespace oubli
