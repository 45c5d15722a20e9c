// U-LiRA (Hayes et al. 2024): does the edited model show that an example was unlearned, rather than
// never trained on? Scores are likelihood ratios (core/evaluate/attacks/lira.h) between two worlds,
// with a fit for each example x:
//   UNLEARN   shadows that were trained on x and forgot it, after editing
//   OUT       (ulira_auc)            edited shadows that were never trained on x
//             (ulira_auc_retrained)  shadows that were never trained on x, before editing
//
// ulira_auc scores the edited model on the edited set and on examples that the original was not
// trained on. Both have been through the method, so a trace that it leaves on every example does
// not count. ulira_auc_retrained scores the edited set under the edited model and under oracles,
// which is the definition of exact unlearning for each example, and such a trace does count.
//
// Examples without a shadow in either world have no score and do not count.
#include <ATen/ATen.h>

#include "core/evaluate/attacks/comparison.h"
#include "core/evaluate/attacks/lira.h"
#include "core/evaluate/attacks/roc.h"
#include "core/evaluate/metric.h"

namespace oubli {
namespace {

std::vector<MetricValue> compute(const MetricInput& input) {
  const std::optional<Candidates> candidates = shadow_candidates(input.evaluation);
  if (!candidates) return {};
  const auto phi = [&](const Predictions& predictions) {
    return predictions.scaled_confidence().index_select(0, candidates->rows);
  };
  Tensors after, before, unlearned, outside;
  for (const Shadow* shadow : input.shadows) {
    if (!shadow->edited.outputs().defined()) continue;
    const Tensor trained = shadow->trained.index_select(0, candidates->rows);
    const Tensor forgotten = shadow->forgotten.index_select(0, candidates->rows);
    after.push_back(phi(shadow->edited));
    before.push_back(phi(shadow->original));
    unlearned.push_back(trained.logical_and(forgotten));
    outside.push_back(trained.logical_not());
  }
  if (after.empty()) return {};
  const GaussianFit in = fit_gaussians(at::stack(after), at::stack(unlearned));
  const Tensor never = at::stack(outside);
  const LiraFit against_edited{in, fit_gaussians(at::stack(after), never)};
  const LiraFit against_retrained{in, fit_gaussians(at::stack(before), never)};

  std::vector<MetricValue> values;
  const Tensor observed = phi(input.predictions());
  const Tensor scores = lira_online_scores(against_edited, observed);
  if (const Tensor positive = candidates->edited_scores(scores),
      negative = candidates->outside_scores(scores);
      positive.numel() > 0 && negative.numel() > 0) {
    values.push_back({"ulira_auc", auc(positive, negative)});
  }
  const Tensor positive =
      candidates->edited_scores(lira_online_scores(against_retrained, observed));
  double sum = 0;
  std::size_t count = 0;
  for (const ModelOutcome* oracle : input.oracles) {
    const Tensor negative =
        candidates->edited_scores(lira_online_scores(against_retrained, phi(oracle->predictions)));
    if (positive.numel() == 0 || negative.numel() == 0) continue;
    sum += auc(positive, negative);
    ++count;
  }
  if (count > 0) values.push_back({"ulira_auc_retrained", sum / static_cast<double>(count)});
  return values;
}

}  // namespace

Metric ulira_metric() {
  return {.name = "ulira",
          .summary = "likelihood-ratio attack that tells unlearned examples from unseen ones",
          .source = "Hayes et al. 2024",
          .columns = {{.name = "ulira_auc",
                       .heading = "U-LiRA AUC",
                       .group = Group::kPrivacy,
                       .range = "[0, 1]",
                       .definition = "Probability that an example of the edited set has a higher "
                                     "likelihood ratio of having been unlearned, against never "
                                     "trained on with the method run on others, than an example "
                                     "that was not trained on. 0.5 tells nothing apart; both too "
                                     "little and too much forgetting raise it.",
                       .resolution = 0.01},
                      {.name = "ulira_auc_retrained",
                       .heading = "U-LiRA AUC, retrained",
                       .group = Group::kPrivacy,
                       .range = "[0, 1]",
                       .definition = "The same ratio against models that were never trained on the "
                                     "example nor edited: probability that it is higher for the "
                                     "edited set under the edited model than under an oracle. 0.5 "
                                     "tells nothing apart.",
                       .resolution = 0.01,
                       .detail = true}},
          .compute = compute,
          .needs = {.shadows = true, .edited_shadows = true}};
}

}  // namespace oubli
