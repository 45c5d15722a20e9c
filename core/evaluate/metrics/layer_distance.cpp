// Distance of each parameter tensor from the oracles', in units of how far retrained models are
// from each other:
//
//   d_l = mean_r ||theta^l - theta_r^l|| / ||theta_r^l||
//   s_l = mean_{r != r'} ||theta_r^l - theta_r'^l|| / ||theta_r'^l||       (ordered pairs)
//   layer_z/l = d_l / s_l,  layer_distance = mean_l layer_z/l
//
// 1 is as far as two retrained models. Where they start differently the symmetries of the
// architecture dominate both, and everything is near 1. Left out with fewer than two oracles; a
// parameter is left out where an oracle's is zero or all oracles' are the same.
#include <ATen/ATen.h>

#include "core/evaluate/metric.h"

namespace oubli {
namespace {

std::vector<MetricValue> compute_layer_distance(const MetricInput& input) {
  const auto& oracles = input.oracles;
  if (oracles.size() < 2) return {};
  std::vector<MetricValue> pieces;
  double sum = 0;
  for (const ParameterInfo& parameter : input.evaluation.parameters) {
    if (parameter.size == 0) continue;
    const auto layer = [&](const ModelOutcome& model) {
      return model.theta.narrow(0, parameter.offset, parameter.size);
    };
    double own = 0, between = 0;
    bool zero = false;
    for (const ModelOutcome* oracle : oracles) {
      const Tensor reference = layer(*oracle);
      const double norm = reference.norm().item<double>();
      if (norm == 0) {
        zero = true;
        break;
      }
      own += (layer(input.model) - reference).norm().item<double>() / norm;
      for (const ModelOutcome* other : oracles) {
        if (other != oracle) between += (layer(*other) - reference).norm().item<double>() / norm;
      }
    }
    if (zero || between == 0) continue;
    const double count = static_cast<double>(oracles.size());
    const double ratio = (own / count) / (between / (count * (count - 1)));
    pieces.push_back({"layer_z/" + parameter.name, ratio});
    sum += ratio;
  }
  if (pieces.empty()) return {};
  std::vector<MetricValue> values = {{"layer_distance", sum / static_cast<double>(pieces.size())}};
  values.insert(values.end(), pieces.begin(), pieces.end());
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
                           "where they start differently everything is near 1. Left out with fewer "
                           "than two oracles.",
                       .resolution = 0.05,
                       .to_oracles = true},
                      {.name = "layer_z",
                       .heading = "layer z",
                       .group = ColumnGroup::kPrivacy,
                       .range = "[0, inf)",
                       .definition = "The term of layer_distance of one parameter tensor.",
                       .resolution = 0.05,
                       .to_oracles = true,
                       .by_parameter = true,
                       .detail = true}},
          .compute = compute_layer_distance};
}

}  // namespace oubli
