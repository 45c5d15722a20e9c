// Over-forgetting that makes the edited set stand out (the Streisand effect).
//
//   streisand_ks = mean_r sup_t |F_model(t) - F_r(t)|,  F the distribution of the losses on the
//                  edited set (two-sample Kolmogorov-Smirnov statistic)
//   entropy_gap = mean entropy on the edited set - its mean over oracles            (nats, signed)
#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/evaluate/metric.h"

namespace oubli {
namespace {

std::vector<double> sorted(const Tensor& values) {
  const Tensor flat = values.contiguous();
  const double* data = flat.data_ptr<double>();
  std::vector<double> result(data, data + flat.numel());
  std::sort(result.begin(), result.end());
  return result;
}

// Equal values are passed in both samples before the difference is taken.
double ks(const Tensor& first, const Tensor& second) {
  if (first.isnan().any().item<bool>() || second.isnan().any().item<bool>()) {
    return std::numeric_limits<double>::quiet_NaN();
  }
  const std::vector<double> a = sorted(first), b = sorted(second);
  double largest = 0;
  for (std::size_t i = 0, j = 0; i < a.size() && j < b.size();) {
    const double value = std::min(a[i], b[j]);
    while (i < a.size() && a[i] <= value) ++i;
    while (j < b.size() && b[j] <= value) ++j;
    largest = std::max(largest, std::abs(static_cast<double>(i) / static_cast<double>(a.size()) -
                                         static_cast<double>(j) / static_cast<double>(b.size())));
  }
  return largest;
}

std::vector<MetricValue> compute(const MetricInput& input) {
  const NamedRows* edited = input.evaluation.edited();
  if (edited == nullptr) return {};
  const Tensor losses = input.predictions().losses().index_select(0, edited->rows);
  const double oracles = static_cast<double>(input.oracles.size());
  double statistic = 0, entropy = 0;
  for (const ModelOutcome* oracle : input.oracles) {
    const Tensor reference = oracle->predictions.losses().index_select(0, edited->rows);
    statistic += ks(losses, reference);
    if (input.evaluation.is_classification()) {
      entropy += oracle->predictions.entropy().index_select(0, edited->rows).mean().item<double>();
    }
  }
  std::vector<MetricValue> values = {{"streisand_ks", statistic / oracles}};
  if (input.evaluation.is_classification()) {
    const double mean =
        input.predictions().entropy().index_select(0, edited->rows).mean().item<double>();
    values.push_back({"entropy_gap", mean - entropy / oracles});
  }
  return values;
}

}  // namespace

Metric streisand_metric() {
  return {.name = "streisand",
          .summary = "whether the edited set stands out: its losses and entropies, to the oracles'",
          .source = "Smirnov 1948; Golatkar et al. 2020 (the Streisand effect)",
          .columns = {{.name = "streisand_ks",
                       .heading = "KS",
                       .group = Group::kPrivacy,
                       .range = "[0, 1]",
                       .definition = "Two-sample Kolmogorov-Smirnov statistic between the losses "
                                     "of the model and of the oracle on the edited set: the "
                                     "largest difference of their distribution functions, the "
                                     "mean over oracles. It sees both directions.",
                       .resolution = 0.01},
                      {.name = "entropy_gap",
                       .heading = "entropy gap",
                       .group = Group::kPrivacy,
                       .range = "[-ln C, ln C] nats",
                       .definition = "Mean entropy of the predictions on the edited set minus its "
                                     "mean over oracles. Above 0: less certain than a model that "
                                     "never saw the examples.",
                       .resolution = 0.01,
                       .above = "over-forgets"}},
          .compute = compute};
}

}  // namespace oubli
