// Zero retrain forgetting: how much the model answers the forget set like one that never learnt.
//   zrf = 1 - mean_x JS(p(x), b(x)),  b an untrained model's prediction, mean over such models
// in [1 - ln 2, 1]; right is the oracles' value, not 1. Source: Chundawat et al. 2023.
//
// zrf_official is what the released code computes: the mean over examples and classes, not the sum
// over classes, of half m ln(m/p) + half m ln(m/b), m = (p + b) / 2. It lies much closer to 1 and
// is offered for comparison with published tables only.
#include <ATen/ATen.h>

#include "core/evaluate/divergences.h"
#include "core/evaluate/metric.h"

namespace oubli {
namespace {

std::vector<MetricValue> compute_zrf(const MetricInput& input) {
  const Evaluation& evaluation = input.evaluation;
  const NamedRows* edited = evaluation.edited();
  if (!evaluation.is_classification() || edited == nullptr || evaluation.initial.empty()) return {};
  const Tensor log_p = input.predictions().log_probabilities(edited->rows);
  double js = 0, official = 0;
  for (const ModelOutcome* initial : evaluation.initial) {
    const Tensor log_b = initial->predictions.log_probabilities(edited->rows);
    const Tensor log_m = log_mixture(log_p, log_b);
    js += js_divergence(log_p, log_b).mean().item<double>();
    official += (0.5 * (kl_terms(log_m, log_p) + kl_terms(log_m, log_b))).mean().item<double>();
  }
  const double models = static_cast<double>(evaluation.initial.size());
  return {{"zrf", 1 - js / models}, {"zrf_official", 1 - official / models}};
}

}  // namespace

Metric zrf_metric() {
  return {.name = "zrf",
          .summary = "likeness of the forget predictions to an untrained model's",
          .source = "Chundawat et al. 2023",
          .columns = {{.name = "zrf",
                       .heading = "ZRF",
                       .group = ColumnGroup::kPrivacy,
                       .range = "[1 - ln 2, 1]",
                       .definition = "1 - mean over the edited set of JS(p, b), in nats, b an "
                                     "untrained model's prediction; mean over untrained models."},
                      {.name = "zrf_official",
                       .heading = "ZRF (official)",
                       .group = ColumnGroup::kPrivacy,
                       .range = "(-inf, 1]",
                       .definition =
                           "What the released code computes: 1 - (KL(m || p) + KL(m || b)) / 2, "
                           "m = (p + b) / 2, the sums over classes divided by their number. For "
                           "comparison only.",
                       .detail = true}},
          .compute = compute_zrf,
          .needs = {.initial_models = true}};
}

}  // namespace oubli
