#include "core/evaluate/attacks/likelihood_ratio.h"

#include <ATen/ATen.h>

#include "core/evaluate/attacks/held_out_epsilon.h"
#include "core/evaluate/attacks/lira.h"
#include "core/evaluate/attacks/roc.h"

namespace oubli {
namespace {

Tensor numbers(const Tensor& scores) { return scores.masked_select(scores.isnan().logical_not()); }

}  // namespace

RatioScores likelihood_ratio_scores(const std::vector<const Shadow*>& shadows,
                                    const Predictions& predictions, const Tensor& members,
                                    const Tensor& others, double own_variance_from) {
  const Tensor rows = at::cat({members, others});
  std::vector<Tensor> phi, chosen;
  for (const Shadow* shadow : shadows) {
    phi.push_back(shadow->scaled_confidence.index_select(0, rows));
    chosen.push_back(shadow->chosen.index_select(0, rows));
  }
  const LiraFit fit = fit_lira(at::stack(phi), at::stack(chosen), own_variance_from);
  const Tensor scores =
      lira_online_scores(fit, predictions.scaled_confidence().index_select(0, rows));
  RatioScores known{numbers(scores.slice(0, 0, members.numel())),
                    numbers(scores.slice(0, members.numel()))};
  known.scored = static_cast<double>(known.members.numel() + known.others.numel()) /
                 static_cast<double>(rows.numel());
  return known;
}

std::vector<MetricValue> likelihood_ratio_values(const std::string& prefix,
                                                 const RatioScores& scores,
                                                 const std::optional<Claim>& claim) {
  const Tensor &inside = scores.members, &outside = scores.others;
  const MetricValue scored{prefix + "_scored", scores.scored};
  if (inside.numel() < 2 || outside.numel() < 2) return {scored};
  const double called = inside.gt(0).to(at::kDouble).mean().item<double>(),
               passed = outside.le(0).to(at::kDouble).mean().item<double>();
  std::vector<MetricValue> values = {
      {prefix + "_auc", auc(inside, outside)},
      {prefix + "_auc_se", auc_standard_error(inside, outside)},
      {prefix + "_accuracy", (called + passed) / 2},
      {prefix + "_tpr_1", tpr_at_fpr(inside, outside, 0.01)},
      {prefix + "_tpr_01", tpr_at_fpr(inside, outside, 0.001)},
      {prefix + "_epsilon", held_out_epsilon(inside, outside).epsilon},
      scored};
  if (claim) {
    const EpsilonBound bound = held_out_epsilon(inside, outside, {.delta = claim->delta});
    values.push_back({prefix + "_claim_epsilon", bound.epsilon});
  }
  return values;
}

std::vector<ColumnInfo> likelihood_ratio_columns(const std::string& prefix,
                                                 const std::string& heading,
                                                 const std::string& ratio,
                                                 GoodSide epsilon_better) {
  const auto column = [&](const std::string& name, const std::string& title,
                          const std::string& definition, double resolution, bool detail) {
    return ColumnInfo{.name = prefix + name,
                      .heading = heading + title,
                      .group = ColumnGroup::kPrivacy,
                      .range = "[0, 1]",
                      .definition = definition,
                      .resolution = resolution,
                      .above = AboveMeans::kUnderForgets,
                      .detail = detail};
  };
  ColumnInfo epsilon = column(
      "_epsilon", " eps",
      "Lower bound on epsilon at delta = 1e-5 that the attack's scores show with 95 % "
      "confidence: max(0, ln((1 - delta - FPR) / FNR), ln((1 - delta - FNR) / FPR)), each rate its "
      "upper Clopper-Pearson limit at 97.5 %, threshold and direction chosen on the even positions "
      "of either side and judged on the odd ones: of the members' scores there the one with "
      "the largest bound, of equal ones the lowest, high scores before low ones for "
      "members; examples taken for independent. 0 disproves nothing. Where the oracles' own "
      "is above 0 (the noise floor), the two sets are told apart for what they are and not "
      "for having been trained on, and no value says anything.",
      0, false);
  epsilon.better = epsilon_better;
  epsilon.range = "[0, inf)";
  ColumnInfo claim_epsilon = epsilon;
  claim_epsilon.name = prefix + "_claim_epsilon";
  claim_epsilon.heading = heading + " eps at the claim's delta";
  claim_epsilon.definition =
      "The same bound at the delta that the model's certificate claims, which it is held against; "
      "of models with a certificate.";
  claim_epsilon.detail = true;
  return {
      column("_auc", " AUC", "Probability that " + ratio, 0.01, false),
      auc_error_column(prefix + "_auc", heading + " AUC"),
      column("_accuracy", " acc.", "Balanced accuracy of a likelihood ratio above 1.", 0.01, true),
      column("_tpr_1", " TPR@1%",
             "True positive rate at a false positive rate of 1 %, not interpolated.", 0, false),
      column("_tpr_01", " TPR@0.1%",
             "The same at 0.1 %; with fewer than 1,000 unseen examples it is the rate without "
             "any false positive.",
             0, true),
      epsilon,
      claim_epsilon,
      {.name = prefix + "_scored",
       .heading = heading + " scored",
       .group = ColumnGroup::kPrivacy,
       .range = "[0, 1]",
       .definition =
           "Share of the edited set and the unseen examples that two attacker's models or "
           "more were given and two or more were not, and that so have a score; the "
           "other columns are of these.",
       .detail = true}};
}

}  // namespace oubli
