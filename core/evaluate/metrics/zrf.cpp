// Zero retrain forgetting (Chundawat et al. 2023): how close the predictions on the edited set are
// to those of models that were never trained.
//
//   zrf = 1 - mean_x JS(p, b) = 1 - mean_x (KL(p || m) + KL(b || m)) / 2,  m = (p + b) / 2
//   zrf_official = 1 - mean_{x, c} (m_c ln(m_c / p_c) + m_c ln(m_c / b_c)) / 2
//
// b a never-trained model's prediction; the mean over such models. The second is what the authors'
// released code computes: the divergences reversed, and a mean over classes where the definition
// has a sum. In nats, from log-probabilities, so that both are finite.
#include <ATen/ATen.h>

#include <numbers>

#include "core/evaluate/metric.h"

namespace oubli {
namespace {

Tensor terms(const Tensor& log_q, const Tensor& log_p) { return log_q.exp() * (log_q - log_p); }

std::vector<MetricValue> compute(const MetricInput& input) {
  const NamedRows* edited = input.evaluation.edited();
  const auto& initial = input.evaluation.initial;
  if (!input.evaluation.is_classification() || edited == nullptr || initial.empty()) return {};
  const Tensor log_p = input.predictions().log_probabilities().index_select(0, edited->rows);
  double js = 0, official = 0;
  for (const ModelOutcome* model : initial) {
    const Tensor log_b = model->predictions.log_probabilities().index_select(0, edited->rows);
    const Tensor log_m = at::logaddexp(log_p, log_b) - std::numbers::ln2;
    js += (0.5 * (terms(log_p, log_m) + terms(log_b, log_m)).sum(1))
              .clamp_min(0)
              .mean()
              .item<double>();
    official += (0.5 * (terms(log_m, log_p) + terms(log_m, log_b))).mean().item<double>();
  }
  const double count = static_cast<double>(initial.size());
  return {{"zrf", 1 - js / count}, {"zrf_official", 1 - official / count}};
}

}  // namespace

Metric zrf_metric() {
  return {.name = "zrf",
          .summary = "closeness of the predictions on the edited set to never-trained models'",
          .source = "Chundawat et al. 2023, zero retrain forgetting, and the authors' code",
          .columns = {{.name = "zrf",
                       .heading = "ZRF",
                       .group = Group::kPrivacy,
                       .range = "[1 - ln 2, 1]",
                       .definition = "1 - mean over the edited set and never-trained models of "
                                     "JS(p || b), b the never-trained model's prediction, in nats. "
                                     "Good is the oracles' value, which is below 1: retraining "
                                     "does not make predictions random.",
                       .resolution = 1e-3,
                       .above = "over-forgets"},
                      {.name = "zrf_official",
                       .heading = "ZRF (code)",
                       .group = Group::kPrivacy,
                       .range = "(-inf, 1]",
                       .definition = "As the authors' code computes it: KL(m || p) and KL(m || b) "
                                     "in place of KL(p || m) and KL(b || m), and the mean over "
                                     "classes in place of the sum. To compare with published "
                                     "numbers only.",
                       .resolution = 1e-3,
                       .above = "over-forgets",
                       .detail = true}},
          .compute = compute,
          .needs = {.initial_models = true}};
}

}  // namespace oubli
