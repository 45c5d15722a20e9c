// Signs of over-forgetting: an edited set that stands out because it was removed.
//   streisand_ks = sup_t |F(t) - G(t)|, F and G the distributions of the losses on the edited set
//                  under the model and under an oracle, mean over oracles
//   entropy_gap  = mean entropy on the edited set minus the oracles' mean, in nats
// Sources: Golatkar et al. 2020 (the effect); Smirnov 1939.
#include <ATen/ATen.h>

#include "core/evaluate/metric.h"
#include "core/evaluate/statistics/kolmogorov_smirnov.h"

namespace oubli {
namespace {

std::vector<double> list(const Tensor& values) {
  const Tensor dense = values.contiguous();
  return {dense.data_ptr<double>(), dense.data_ptr<double>() + dense.numel()};
}

std::vector<MetricValue> compute_streisand(const MetricInput& input) {
  std::vector<MetricValue> values;
  const NamedRows* edited = input.evaluation.edited();
  if (edited == nullptr) return values;
  const auto on_edited = [&](const Tensor& all) { return all.index_select(0, edited->rows); };
  const std::vector<double> losses = list(on_edited(input.predictions().losses()));
  double ks = 0, entropy = 0;
  for (const ModelOutcome* oracle : input.oracles) {
    ks += ks_statistic(losses, list(on_edited(oracle->predictions.losses())));
    if (input.evaluation.is_classification()) {
      entropy += on_edited(oracle->predictions.entropy()).mean().item<double>();
    }
  }
  const double oracles = static_cast<double>(input.oracles.size());
  values.push_back({"streisand_ks", ks / oracles});
  if (input.evaluation.is_classification()) {
    const double own = on_edited(input.predictions().entropy()).mean().item<double>();
    values.push_back({"entropy_gap", own - entropy / oracles});
  }
  return values;
}

}  // namespace

Metric streisand_metric() {
  return {.name = "streisand",
          .summary = "whether the edited set stands out: loss distribution and entropy",
          .source = "Golatkar et al. 2020; Smirnov 1939",
          .columns = {{.name = "streisand_ks",
                       .heading = "loss KS",
                       .group = ColumnGroup::kPrivacy,
                       .range = "[0, 1]",
                       .definition = "Kolmogorov-Smirnov statistic between the losses on the "
                                     "edited set under the model and under an oracle, mean over "
                                     "oracles.",
                       .to_oracles = true},
                      {.name = "entropy_gap",
                       .heading = "entropy gap",
                       .group = ColumnGroup::kPrivacy,
                       .range = "[-ln C, ln C] nats",
                       .definition = "Mean entropy on the edited set minus the oracles' mean.",
                       .above = AboveMeans::kOverForgets}},
          .compute = compute_streisand};
}

}  // namespace oubli
