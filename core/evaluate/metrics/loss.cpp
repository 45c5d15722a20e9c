// Mean loss on each set, without the regulariser, in nats for cross-entropy.
#include <ATen/ATen.h>

#include "core/evaluate/metric.h"

namespace oubli {
namespace {

std::vector<MetricValue> compute(const MetricInput& input) {
  std::vector<MetricValue> values;
  for (const NamedRows& set : input.sets) {
    values.push_back(
        {"loss/" + set.name, losses_of(input.dataset, input.loss, input.model.outputs, set.rows)
                                 .mean()
                                 .item<double>()});
  }
  return values;
}

}  // namespace

Metric loss_metric() { return {"loss", "mean loss on each set", compute}; }

}  // namespace oubli
