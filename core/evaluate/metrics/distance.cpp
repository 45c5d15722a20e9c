// Relative distance of the parameters to the oracles': mean over oracles of
// ||theta - theta_r|| / ||theta_r||. Between networks that started differently it measures the
// symmetries of the architecture more than anything else: compare it with the noise floor.
#include <ATen/ATen.h>

#include "core/evaluate/metric.h"

namespace oubli {
namespace {

std::vector<MetricValue> compute_distance(const MetricInput& input) {
  double sum = 0;
  const Tensor own = input.model.theta.get();
  for (const ModelOutcome* oracle : input.oracles) {
    const Tensor theta = oracle->theta.get();
    const double norm = theta.norm().item<double>();
    if (norm == 0) return {};
    sum += (own - theta).norm().item<double>() / norm;
  }
  return {{"distance", sum / static_cast<double>(input.oracles.size())}};
}

}  // namespace

Metric distance_metric() {
  return {.name = "distance",
          .summary = "relative distance of the parameters to the oracles'",
          .source = "Golatkar et al. 2020",
          .columns = {{.name = "distance",
                       .heading = "distance",
                       .group = ColumnGroup::kPrivacy,
                       .better = GoodSide::kOracle,
                       .range = "[0, inf)",
                       .definition = "Mean over oracles of ||theta - theta_r|| / ||theta_r||. "
                                     "Between networks that started differently it measures the "
                                     "symmetries of the architecture: read it against the noise "
                                     "floor.",
                       .to_oracles = true}},
          .compute = compute_distance};
}

}  // namespace oubli
