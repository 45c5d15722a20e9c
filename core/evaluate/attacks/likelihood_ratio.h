// What the likelihood-ratio attacks have in common, LiRA (lira.h) and U-LiRA (ulira.h): an
// attacker's models in two worlds, one score for each example, and what the scores are worth.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/evaluate/attacks/lira.h"
#include "core/evaluate/metric.h"

namespace oubli {

// Log ratios of examples that were edited and of others; of those alone that have a score, which is
// a share `scored` of all.
struct RatioScores {
  Tensor members, others;  // float64
  double scored = 0;
};

// Of a model's scaled confidence, shadows with the example chosen against those without.
// `own_variance_from`: of fit_lira.
RatioScores likelihood_ratio_scores(const std::vector<const Shadow*>& shadows,
                                    const Predictions& predictions, const Tensor& members,
                                    const Tensor& others,
                                    double own_variance_from = kLiraOwnVarianceFrom);

// What LiRA and U-LiRA make of a model: absent where they have no value (metrics/lira.cpp and
// metrics/ulira.cpp).
std::optional<RatioScores> lira_scores(const MetricInput& input);
std::optional<RatioScores> ulira_scores(const MetricInput& input);

// PREFIX_auc and its standard error, _accuracy of calling members what scores above 0, _tpr_1 and
// _tpr_01, and _epsilon, and _claim_epsilon where the model has a claim; and _scored, the share of
// the examples that have two shadows or more on both sides and so a score. _scored alone where
// fewer than two of either have.
std::vector<MetricValue> likelihood_ratio_values(const std::string& prefix,
                                                 const RatioScores& scores,
                                                 const std::optional<Claim>& claim);

// Their descriptions. `ratio`: what the AUC is of, to be read after "Probability that".
// `epsilon_better`: lower, where oracles have an epsilon of 0 whatever the sets are.
std::vector<ColumnInfo> likelihood_ratio_columns(const std::string& prefix,
                                                 const std::string& heading,
                                                 const std::string& ratio, GoodSide epsilon_better);

}  // namespace oubli
