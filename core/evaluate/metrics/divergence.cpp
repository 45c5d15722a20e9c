// How far the model's predictions are from the oracles', on the edited set and on the test set.
//
//   kl = mean_x sum_c q_c ln(q_c / p_c),  q the oracle's prediction, p the model's
//   js = mean_x (KL(q || m) + KL(p || m)) / 2,  m = (p + q) / 2
//
// in nats, from log-probabilities, so that both are finite; js is in [0, ln 2]. The value against
// several oracles is the mean over them, not the divergence from their average. For a regression,
// where there are no probabilities, the mean squared difference of the outputs stands instead. Of
// sequences the prediction is that of an answer's first token.
#include <ATen/ATen.h>

#include "core/evaluate/divergences.h"
#include "core/evaluate/metric.h"

namespace oubli {
namespace {

void compare_classifiers(const MetricInput& input, const NamedRows& set,
                         std::vector<MetricValue>& values) {
  const Tensor log_p = input.predictions().log_probabilities(set.rows);
  double kl_sum = 0, js_sum = 0;
  for (const ModelOutcome* oracle : input.oracles) {
    const Tensor log_q = oracle->predictions.log_probabilities(set.rows);
    kl_sum += kl_divergence(log_q, log_p).mean().item<double>();
    js_sum += js_divergence(log_p, log_q).mean().item<double>();
  }
  const double oracles = static_cast<double>(input.oracles.size());
  values.push_back({"kl/" + set.name, kl_sum / oracles});
  values.push_back({"js/" + set.name, js_sum / oracles});
}

std::vector<MetricValue> compute_divergence(const MetricInput& input) {
  std::vector<MetricValue> values;
  for (const NamedRows& set : input.evaluation.sets) {
    if (set.name == "retain") continue;
    if (input.evaluation.is_classification()) {
      compare_classifiers(input, set, values);
      continue;
    }
    const Tensor outputs = input.predictions().outputs(set.rows);
    double squared = 0;
    for (const ModelOutcome* oracle : input.oracles) {
      const Tensor reference = oracle->predictions.outputs(set.rows);
      squared += (outputs - reference).square().sum(1).mean().item<double>();
    }
    values.push_back(
        {"squared_difference/" + set.name, squared / static_cast<double>(input.oracles.size())});
  }
  return values;
}

}  // namespace

Metric divergence_metric() {
  return {
      .name = "divergence",
      .summary = "KL and JS divergence of the predictions from the oracles'",
      .source = "Kullback and Leibler 1951; Lin 1991",
      .columns = {{.name = "kl",
                   .heading = "KL",
                   .range = "[0, inf) nats",
                   .definition = "Mean over examples and oracles of sum_c q_c ln(q_c / p_c), q "
                                 "the oracle's prediction and p the model's, of sequences "
                                 "of an answer's first token. The noise floor is how far one "
                                 "oracle is from the others.",
                   .resolution = 1e-3,
                   .to_oracles = true},
                  {.name = "js",
                   .heading = "JS",
                   .range = "[0, ln 2] nats",
                   .definition = "Mean of (KL(q || m) + KL(p || m)) / 2 with m = (p + q) / 2.",
                   .resolution = 1e-3,
                   .to_oracles = true},
                  {.name = "squared_difference",
                   .heading = "sq. diff.",
                   .range = "[0, inf)",
                   .definition =
                       "Mean over examples and oracles of ||f - f_r||^2, the squared difference of "
                       "a regression's outputs, summed over outputs.",
                   // Outputs that differ by a thousandth, as losses may.
                   .resolution = 1e-6,
                   .to_oracles = true}},
      .compute = compute_divergence};
}

}  // namespace oubli
