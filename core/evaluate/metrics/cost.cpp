// What the edit cost: sample-gradients and seconds, and both as a share of retraining, which is the
// mean over the oracles. Only the seconds depend on the machine.
#include "core/evaluate/metric.h"

namespace oubli {
namespace {

std::vector<MetricValue> compute_cost(const MetricInput& input) {
  double gradients = 0, seconds = 0;
  for (const ModelOutcome* oracle : input.oracles) {
    gradients += oracle->sample_gradients;
    seconds += oracle->seconds;
  }
  const double oracles = static_cast<double>(input.oracles.size());
  std::vector<MetricValue> values = {{"sample_gradients", input.model.sample_gradients}};
  if (gradients > 0) {
    values.push_back({"cost_ratio", input.model.sample_gradients / (gradients / oracles)});
  }
  values.push_back({"seconds", input.model.seconds});
  if (seconds > 0) values.push_back({"seconds_ratio", input.model.seconds / (seconds / oracles)});
  return values;
}

}  // namespace

Metric cost_metric() {
  return {.name = "cost",
          .summary = "sample-gradients and seconds, and their ratio to retraining",
          .source = "oubli: one sample-gradient is a forward and backward pass of one example",
          .columns = {{.name = "sample_gradients",
                       .heading = "sample-grads",
                       .group = ColumnGroup::kCost,
                       .better = GoodSide::kLower,
                       .range = "[0, inf)",
                       .definition = "Forward and backward passes of one example that the edit "
                                     "took; of a sweep, those of all its trials too."},
                      {.name = "cost_ratio",
                       .heading = "/ retraining",
                       .group = ColumnGroup::kCost,
                       .better = GoodSide::kLower,
                       .range = "[0, inf)",
                       .definition = "Sample-gradients over those of retraining, the mean over "
                                     "oracles.",
                       .reads_oracles = true},
                      {.name = "seconds",
                       .heading = "seconds",
                       .group = ColumnGroup::kCost,
                       .better = GoodSide::kLower,
                       .range = "[0, inf) s",
                       .definition = "Time of the edit on this machine, evaluation excluded."},
                      {.name = "seconds_ratio",
                       .heading = "s / retraining",
                       .group = ColumnGroup::kCost,
                       .better = GoodSide::kLower,
                       .range = "[0, inf)",
                       .definition = "Seconds over those of retraining, the mean over oracles.",
                       .reads_oracles = true}},
          .compute = compute_cost};
}

}  // namespace oubli
