// A loss-threshold membership attack (Yeom et al. 2018): the AUC with which a low loss tells the
// edited set from test examples. 0.5 tells nothing; a trained-on set lies above it, and a value
// below it is over-forgetting, not success: read it against the oracle's value. The test examples
// are those of the classes that the edited set holds, so that removing a class compares like with
// like. The threshold is not fitted: the AUC runs over all of them.
#include <ATen/ATen.h>

#include "core/evaluate/metric.h"
#include "core/evaluate/statistics.h"

namespace oubli {
namespace {

std::vector<MetricValue> compute(const MetricInput& input) {
  std::vector<MetricValue> values;
  const Tensor* test = input.rows("test");
  if (test == nullptr) return values;
  for (const NamedRows& set : input.sets) {
    if (set.name != "forget" && set.name != "added") continue;
    Tensor outside = *test;
    if (input.dataset.is_classification()) {
      const Tensor classes = input.dataset.targets.index_select(0, set.rows);
      const Tensor same = at::isin(input.dataset.targets.index_select(0, outside), classes);
      outside = outside.index({same});
    }
    if (outside.numel() == 0) continue;
    const Tensor inside_loss = losses_of(input.dataset, input.loss, input.model.outputs, set.rows);
    const Tensor outside_loss = losses_of(input.dataset, input.loss, input.model.outputs, outside);
    values.push_back({"membership_auc/" + set.name, auc(-inside_loss, -outside_loss)});
  }
  return values;
}

}  // namespace

Metric membership_metric() {
  return {"membership", "AUC of a loss-threshold attack, edited set against test set", compute};
}

}  // namespace oubli
