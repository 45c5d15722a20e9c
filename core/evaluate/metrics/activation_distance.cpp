// Distance between the predicted probabilities of the model and of the oracles, on each set:
//
//   act_l1 = mean_x ||p - q||_1  (Golatkar et al. 2021)
//   act_l2 = mean_x ||p - q||_2  (Chundawat et al. 2023)
//
// p, q after the softmax; the mean over oracles.
#include <ATen/ATen.h>

#include "core/evaluate/metric.h"

namespace oubli {
namespace {

std::vector<MetricValue> compute(const MetricInput& input) {
  std::vector<MetricValue> values;
  if (!input.evaluation.is_classification()) return values;
  for (const NamedRows& set : input.evaluation.sets) {
    const Tensor p = input.predictions().probabilities().index_select(0, set.rows);
    double l1 = 0, l2 = 0;
    for (const ModelOutcome* oracle : input.oracles) {
      const Tensor difference = p - oracle->predictions.probabilities().index_select(0, set.rows);
      l1 += difference.abs().sum(1).mean().item<double>();
      l2 += difference.square().sum(1).sqrt().mean().item<double>();
    }
    const double oracles = static_cast<double>(input.oracles.size());
    values.push_back({"act_l1/" + set.name, l1 / oracles});
    values.push_back({"act_l2/" + set.name, l2 / oracles});
  }
  return values;
}

}  // namespace

Metric activation_distance_metric() {
  return {.name = "activation_distance",
          .summary = "L1 and L2 distance of the predicted probabilities from the oracles'",
          .source = "Golatkar et al. 2021 (L1); Chundawat et al. 2023 (L2)",
          .columns = {{.name = "act_l1",
                       .heading = "act. L1",
                       .range = "[0, 2]",
                       .definition = "Mean over examples and oracles of ||p - q||_1, p and q the "
                                     "softmax outputs of the model and of the oracle. Twice the "
                                     "total variation distance.",
                       .resolution = 0.005},
                      {.name = "act_l2",
                       .heading = "act. L2",
                       .range = "[0, sqrt 2]",
                       .definition = "Mean over examples and oracles of ||p - q||_2, p and q the "
                                     "softmax outputs of the model and of the oracle.",
                       .resolution = 0.005}},
          .compute = compute};
}

}  // namespace oubli
