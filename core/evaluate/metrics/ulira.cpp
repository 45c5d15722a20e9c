// U-LiRA on the forget set (core/evaluate/attacks/ulira.h).
#include "core/evaluate/attacks/ulira.h"

#include <ATen/ATen.h>

#include "core/evaluate/attacks/held_out_epsilon.h"
#include "core/evaluate/attacks/lira.h"
#include "core/evaluate/attacks/roc.h"
#include "core/evaluate/statistics/estimate.h"

namespace oubli {
namespace {

std::vector<MetricValue> compute(const MetricInput& input) {
  const std::optional<AuditedRows> audited = audited_rows(input.evaluation);
  if (!audited || input.edited_shadows.empty()) return {};
  const Tensor rows = audited->all();
  std::vector<Tensor> phi, forgot;
  for (const Shadow* shadow : input.edited_shadows) {
    phi.push_back(shadow->predictions.scaled_confidence().index_select(0, rows));
    forgot.push_back(shadow->chosen.index_select(0, rows));
  }
  const LiraFit fit = fit_lira(at::stack(phi), at::stack(forgot));
  const Tensor scores =
      lira_online_scores(fit, input.predictions().scaled_confidence().index_select(0, rows));
  const std::int64_t m = audited->forget.numel();
  const Tensor forgotten = scored(scores.narrow(0, 0, m)), unseen = scored(scores.slice(0, m));
  if (forgotten.numel() < 2 || unseen.numel() < 2) return {};
  const double called = forgotten.gt(0).to(at::kDouble).mean().item<double>(),
               passed = unseen.le(0).to(at::kDouble).mean().item<double>();
  return {{"ulira_auc", auc(forgotten, unseen)},
          {"ulira_auc_se", auc_standard_error(forgotten, unseen)},
          {"ulira_accuracy", (called + passed) / 2},
          {"ulira_tpr_1", tpr_at_fpr(forgotten, unseen, 0.01)},
          {"ulira_tpr_01", tpr_at_fpr(forgotten, unseen, 0.001)},
          {"ulira_epsilon", held_out_epsilon(forgotten, unseen).epsilon}};
}

}  // namespace

Metric ulira_metric() {
  return {
      .name = "ulira",
      .summary = "likelihood-ratio attack whose shadow models were unlearnt by the same method",
      .source = "Hayes et al. 2024; the bound on epsilon: Jagielski et al. 2020",
      .columns =
          {{.name = "ulira_auc",
            .heading = "U-LiRA AUC",
            .group = Group::kPrivacy,
            .range = "[0, 1]",
            .definition = "Probability that a forgotten example has a higher likelihood ratio of "
                          "'learnt and then forgotten' against 'never learnt' than an unseen "
                          "example has, by shadow models that the same method edited.",
            .resolution = 0.01,
            .above = "under-forgets"},
           {.name = "ulira_auc_se",
            .heading = "U-LiRA AUC se",
            .group = Group::kPrivacy,
            .range = "[0, 0.5]",
            .definition = "Standard error of ulira_auc over examples (DeLong et al. 1988): what "
                          "the draw of the examples alone moves it by.",
            .detail = true},
           {.name = "ulira_accuracy",
            .heading = "U-LiRA acc.",
            .group = Group::kPrivacy,
            .range = "[0, 1]",
            .definition = "Balanced accuracy of calling forgotten what has a likelihood ratio "
                          "above 1.",
            .resolution = 0.01,
            .above = "under-forgets",
            .detail = true},
           {.name = "ulira_tpr_1",
            .heading = "U-LiRA TPR@1%",
            .group = Group::kPrivacy,
            .range = "[0, 1]",
            .definition = "True positive rate at a false positive rate of 1 %, not interpolated.",
            .above = "under-forgets"},
           {.name = "ulira_tpr_01",
            .heading = "U-LiRA TPR@0.1%",
            .group = Group::kPrivacy,
            .range = "[0, 1]",
            .definition = "The same at 0.1 %; with fewer than 1,000 unseen examples it is the rate "
                          "without any false positive.",
            .above = "under-forgets",
            .detail = true},
           {.name = "ulira_epsilon",
            .heading = "U-LiRA eps",
            .group = Group::kPrivacy,
            .better = Better::kLower,
            .range = "[0, inf)",
            .definition = kHeldOutEpsilonText,
            .above = "under-forgets"}},
      .compute = compute,
      .needs = {.edited_shadows = true}};
}

}  // namespace oubli
