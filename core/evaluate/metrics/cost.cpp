// What the edit cost: sample-gradients and seconds, and both as a share of retraining, which is the
// mean over the oracles. Only the seconds depend on the machine.
#include "core/evaluate/metric.h"

namespace oubli {
namespace {

std::vector<MetricValue> compute(const MetricInput& input) {
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
  return {"cost", "sample-gradients and seconds, and their ratio to retraining", compute};
}

}  // namespace oubli
