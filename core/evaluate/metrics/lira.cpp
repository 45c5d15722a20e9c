// LiRA on the edited model (core/evaluate/attacks/lira.h): shadow models trained on random halves
// of the population say how each example looks when it was trained on and when it was not. The
// online scores tell the edited set from examples that the original was not trained on. Examples
// that all shadows, or none, were trained on have no score and do not count.
#include "core/evaluate/attacks/lira.h"

#include <ATen/ATen.h>

#include "core/evaluate/attacks/comparison.h"
#include "core/evaluate/attacks/roc.h"
#include "core/evaluate/metric.h"

namespace oubli {
namespace {

std::vector<MetricValue> compute(const MetricInput& input) {
  const std::optional<Candidates> candidates = shadow_candidates(input.evaluation);
  if (!candidates || input.shadows.empty()) return {};
  Tensors phi, trained;
  for (const Shadow* shadow : input.shadows) {
    phi.push_back(shadow->original.scaled_confidence().index_select(0, candidates->rows));
    trained.push_back(shadow->trained.index_select(0, candidates->rows));
  }
  const Tensor observed = input.predictions().scaled_confidence().index_select(0, candidates->rows);
  const Tensor scores = lira_online_scores(fit_lira(at::stack(phi), at::stack(trained)), observed);
  const Tensor edited = candidates->edited_scores(scores);
  const Tensor outside = candidates->outside_scores(scores);
  if (edited.numel() == 0 || outside.numel() == 0) return {};
  return {{"lira_auc", auc(edited, outside)},
          {"lira_tpr_1", tpr_at_fpr(edited, outside, 0.01)},
          {"lira_tpr_01", tpr_at_fpr(edited, outside, 0.001)}};
}

}  // namespace

Metric lira_metric() {
  return {.name = "lira",
          .summary = "likelihood-ratio membership attack with shadow models",
          .source = "Carlini et al. 2022",
          .columns = {{.name = "lira_auc",
                       .heading = "LiRA AUC",
                       .group = Group::kPrivacy,
                       .range = "[0, 1]",
                       .definition = "Probability that an example of the edited set has a higher "
                                     "likelihood ratio of having been trained on than one that "
                                     "was not, ties counting one half. 0.5 tells nothing apart.",
                       .resolution = 0.01,
                       .above = "under-forgets"},
                      {.name = "lira_tpr_1",
                       .heading = "LiRA TPR@1%",
                       .group = Group::kPrivacy,
                       .range = "[0, 1]",
                       .definition = "Share of the edited set that the attack finds where at most "
                                     "1 % of the examples that were not trained on pass.",
                       .resolution = 0.01,
                       .above = "under-forgets"},
                      {.name = "lira_tpr_01",
                       .heading = "LiRA TPR@0.1%",
                       .group = Group::kPrivacy,
                       .range = "[0, 1]",
                       .definition = "The same at 0.1 %. With fewer than 1000 examples that were "
                                     "not trained on, none of them may pass.",
                       .resolution = 0.01,
                       .above = "under-forgets",
                       .detail = true}},
          .compute = compute,
          .needs = {.shadows = true}};
}

}  // namespace oubli
