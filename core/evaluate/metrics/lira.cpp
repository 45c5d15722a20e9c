// LiRA on the edited set (core/evaluate/attacks/lira.h): shadow models trained on random halves of
// the population say how each example looks when it was trained on and when it was not; the AUC and
// the true positive rates tell the edited set from examples that no original was trained on, held
// out or else the test set. Scores are for each example, so the two sets need not be alike.
#include "core/evaluate/attacks/lira.h"

#include <ATen/ATen.h>

#include "core/evaluate/attacks/held_out_epsilon.h"
#include "core/evaluate/attacks/roc.h"
#include "core/evaluate/metric.h"
#include "core/evaluate/statistics/estimate.h"

namespace oubli {
namespace {

std::vector<MetricValue> compute(const MetricInput& input) {
  const Evaluation& evaluation = input.evaluation;
  const NamedRows* edited = evaluation.edited();
  const Tensor* outside = evaluation.unseen();
  if (!evaluation.is_classification() || edited == nullptr || outside == nullptr ||
      input.shadows.empty()) {
    return {};
  }
  const Tensor rows = at::cat({edited->rows, *outside});
  std::vector<Tensor> phi, member;
  for (const Shadow* shadow : input.shadows) {
    phi.push_back(shadow->predictions.scaled_confidence().index_select(0, rows));
    member.push_back(shadow->chosen.index_select(0, rows));
  }
  const LiraFit fit = fit_lira(at::stack(phi), at::stack(member));
  const Tensor scores =
      lira_online_scores(fit, input.predictions().scaled_confidence().index_select(0, rows));
  const std::int64_t m = edited->rows.numel();
  const Tensor inside = scored(scores.narrow(0, 0, m)), others = scored(scores.slice(0, m));
  if (inside.numel() < 2 || others.numel() < 2) return {};
  return {{"lira_auc", auc(inside, others)},
          {"lira_auc_se", auc_standard_error(inside, others)},
          {"lira_tpr_1", tpr_at_fpr(inside, others, 0.01)},
          {"lira_tpr_01", tpr_at_fpr(inside, others, 0.001)},
          {"lira_epsilon", held_out_epsilon(inside, others).epsilon}};
}

}  // namespace

Metric lira_metric() {
  return {
      .name = "lira",
      .summary = "likelihood-ratio membership attack with shadow models",
      .source = "Carlini et al. 2022",
      .columns = {{.name = "lira_auc",
                   .heading = "LiRA AUC",
                   .group = Group::kPrivacy,
                   .range = "[0, 1]",
                   .definition = "Probability that an example of the edited set has a higher "
                                 "likelihood ratio of membership than an unseen example (held out, "
                                 "else test). Read it "
                                 "against the oracles' value.",
                   .resolution = 0.01,
                   .above = "under-forgets"},
                  {.name = "lira_auc_se",
                   .heading = "LiRA AUC se",
                   .group = Group::kPrivacy,
                   .range = "[0, 0.5]",
                   .definition =
                       "Standard error of lira_auc over examples (DeLong et al. 1988): what "
                       "the draw of the examples alone moves it by.",
                   .detail = true},
                  {.name = "lira_tpr_1",
                   .heading = "LiRA TPR@1%",
                   .group = Group::kPrivacy,
                   .range = "[0, 1]",
                   .definition = "True positive rate at a false positive rate of 1 %, not "
                                 "interpolated.",
                   .above = "under-forgets"},
                  {.name = "lira_tpr_01",
                   .heading = "LiRA TPR@0.1%",
                   .group = Group::kPrivacy,
                   .range = "[0, 1]",
                   .definition = "The same at 0.1 %; with fewer than 1,000 unseen examples it is "
                                 "the rate without any false positive.",
                   .above = "under-forgets",
                   .detail = true},
                  {.name = "lira_epsilon",
                   .heading = "LiRA eps",
                   .group = Group::kPrivacy,
                   .range = "[0, inf)",
                   .definition = kHeldOutEpsilonText,
                   .above = "under-forgets"}},
      .compute = compute,
      .needs = {.shadows = true}};
}

}  // namespace oubli
