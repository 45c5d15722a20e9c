// How far the model's predictions are from the oracles', on the edited set and on the test set.
//
//   kl = mean_x sum_c q_c ln(q_c / p_c),  q the oracle's prediction, p the model's
//   js = mean_x (KL(q || m) + KL(p || m)) / 2,  m = (p + q) / 2
//
// in nats, from log-probabilities, so that both are finite; js is in [0, ln 2]. The value against
// several oracles is the mean over them, not the divergence from their average. For a regression,
// where there are no probabilities, the mean squared difference of the outputs stands instead.
#include <ATen/ATen.h>

#include <cmath>
#include <numbers>

#include "core/evaluate/metric.h"

namespace oubli {
namespace {

Tensor kl(const Tensor& log_q, const Tensor& log_p) {
  return (log_q.exp() * (log_q - log_p)).sum(1);
}

double js(const Tensor& log_p, const Tensor& log_q) {
  const Tensor log_m = at::logaddexp(log_p, log_q) - std::numbers::ln2;
  return (0.5 * (kl(log_p, log_m) + kl(log_q, log_m))).clamp_min(0).mean().item<double>();
}

std::vector<MetricValue> compute(const MetricInput& input) {
  std::vector<MetricValue> values;
  const double oracles = static_cast<double>(input.oracles.size());
  for (const NamedRows& set : input.sets) {
    if (set.name == "retain") continue;
    const Tensor outputs = input.model.outputs.index_select(0, set.rows);
    double kl_sum = 0, js_sum = 0, squared = 0;
    for (const ModelOutcome* oracle : input.oracles) {
      const Tensor reference = oracle->outputs.index_select(0, set.rows);
      if (input.dataset.is_classification()) {
        const Tensor log_p = outputs.log_softmax(1);
        const Tensor log_q = reference.log_softmax(1);
        kl_sum += kl(log_q, log_p).clamp_min(0).mean().item<double>();
        js_sum += js(log_p, log_q);
      } else {
        squared += (outputs - reference).square().sum(1).mean().item<double>();
      }
    }
    if (input.dataset.is_classification()) {
      values.push_back({"kl/" + set.name, kl_sum / oracles});
      values.push_back({"js/" + set.name, js_sum / oracles});
    } else {
      values.push_back({"squared_difference/" + set.name, squared / oracles});
    }
  }
  return values;
}

}  // namespace

Metric divergence_metric() {
  return {"divergence", "KL and JS divergence of the predictions from the oracles'", compute};
}

}  // namespace oubli
