// Distance of each parameter tensor from the oracles', in units of how far retrained models are
// from each other:
//
//   layer_d/l = mean_r ||theta^l - theta_r^l|| / ||theta_r^l||, of an oracle over the others
//   layer_z/l = layer_d/l over the oracles' mean layer_d/l, of an oracle over the others' mean
//   layer_distance = mean_l layer_z/l
//
// The oracles' mean layer_d/l is the mean over ordered pairs of them, so 1 is as far as two
// retrained models. Where they start differently the symmetries of the architecture dominate both,
// and everything is near 1. layer_z needs two oracles or more; a parameter is left out where an
// oracle's is zero or all oracles' are the same.
#include <ATen/ATen.h>

#include <cmath>

#include "core/evaluate/metric.h"

namespace oubli {
namespace {

const std::string kDistance = "layer_d/", kRatio = "layer_z/";

// One oracle at a time, so that no more than two models' parameters are held.
std::vector<MetricValue> compute_layer_distance(const MetricInput& input) {
  const std::vector<ParameterInfo>& parameters = input.evaluation.parameters;
  if (parameters.empty()) return {};
  const Tensor own = input.model.theta.get();
  std::vector<double> sums(parameters.size(), 0);
  for (const ModelOutcome* oracle : input.oracles) {
    const Tensor theta = oracle->theta.get();
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      const auto& [offset, size] = std::pair(parameters[i].offset, parameters[i].size);
      const Tensor reference = theta.narrow(0, offset, size);
      // Not a number, or infinite, where the oracle's is zero.
      sums[i] += (own.narrow(0, offset, size) - reference).norm().item<double>() /
                 reference.norm().item<double>();
    }
  }
  std::vector<MetricValue> values;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    if (parameters[i].size == 0 || !std::isfinite(sums[i])) continue;
    values.push_back(
        {kDistance + parameters[i].name, sums[i] / static_cast<double>(input.oracles.size())});
  }
  return values;
}

std::vector<MetricValue> derive_layer_distance(const ColumnValues& model,
                                               const ColumnValues& oracles) {
  std::vector<MetricValue> values = {{"layer_distance", 0}};
  for (const auto& [column, value] : model) {
    const auto between = oracles.find(column);
    if (!column.starts_with(kDistance) || between == oracles.end() || !(between->second > 0)) {
      continue;
    }
    const double ratio = value / between->second;
    values.push_back({kRatio + column.substr(kDistance.size()), ratio});
    values.front().value += ratio;
  }
  if (values.size() == 1) return {};
  values.front().value /= static_cast<double>(values.size() - 1);
  return values;
}

}  // namespace

Metric layer_distance_metric() {
  return {.name = "layer_distance",
          .summary = "distance of each layer from the oracles', over the distance between oracles",
          .source = "Golatkar et al. 2020 (distance by layer); the normalisation is oubli's",
          .columns = {{.name = "layer_distance",
                       .heading = "layer dist.",
                       .group = ColumnGroup::kPrivacy,
                       .range = "[0, inf)",
                       .definition =
                           "Mean over parameter tensors l of mean_r ||theta^l - theta_r^l|| / "
                           "||theta_r^l|| divided by the mean of the same over ordered pairs of "
                           "oracles. 1 is as far as two retrained models are from each other; "
                           "where they start differently everything is near 1. An oracle's own "
                           "value is its mean distance to the others over the mean of theirs, each "
                           "to all oracles but itself. Left out with fewer than two oracles.",
                       .resolution = 0.05,
                       .to_oracles = true,
                       .is_derived = true},
                      {.name = "layer_z",
                       .heading = "layer z",
                       .group = ColumnGroup::kPrivacy,
                       .range = "[0, inf)",
                       .definition = "The term of layer_distance of one parameter tensor.",
                       .resolution = 0.05,
                       .to_oracles = true,
                       .is_derived = true,
                       .by_parameter = true,
                       .detail = true},
                      {.name = "layer_d",
                       .heading = "layer distance",
                       .group = ColumnGroup::kPrivacy,
                       .range = "[0, inf)",
                       .definition = "mean_r ||theta^l - theta_r^l|| / ||theta_r^l|| of one "
                                     "parameter tensor: what layer_distance is made from.",
                       .to_oracles = true,
                       .by_parameter = true,
                       .detail = true}},
          .compute = compute_layer_distance,
          .derive = derive_layer_distance};
}

}  // namespace oubli
