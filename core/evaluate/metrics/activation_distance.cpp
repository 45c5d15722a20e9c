// Distance of the predicted probabilities p from an oracle's, q, mean over examples and oracles.
// Two definitions are in use under one name, so each has its own here:
//   act_l1 = mean ||p - q||_1, in [0, 2]         (Golatkar et al. 2021, Goel et al. 2022)
//   act_l2 = mean ||p - q||_2, in [0, sqrt 2]    (Chundawat et al. 2023, Foster et al. 2024)
#include <ATen/ATen.h>

#include "core/evaluate/metric.h"

namespace oubli {
namespace {

std::vector<MetricValue> compute_activation_distance(const MetricInput& input) {
  std::vector<MetricValue> values;
  if (!input.evaluation.is_classification()) return values;
  for (const NamedRows& set : input.evaluation.sets) {
    if (set.name == "retain") continue;
    const Tensor p = input.predictions().probabilities(set.rows);
    double l1 = 0, l2 = 0;
    for (const ModelOutcome* oracle : input.oracles) {
      const Tensor difference = p - oracle->predictions.probabilities(set.rows);
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
                       .definition = "Mean over examples and oracles of ||p - q||_1.",
                       .to_oracles = true},
                      {.name = "act_l2",
                       .heading = "act. L2",
                       .range = "[0, sqrt 2]",
                       .definition = "Mean over examples and oracles of ||p - q||_2.",
                       .to_oracles = true,
                       .detail = true}},
          .compute = compute_activation_distance};
}

}  // namespace oubli
