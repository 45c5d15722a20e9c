#include "core/evaluate/metric.h"

#include <ATen/ATen.h>

namespace oubli {

#define OUBLI_METRIC(name) Metric name##_metric();
#include "core/evaluate/metrics.def"
#undef OUBLI_METRIC

Registry<Metric> builtin_metrics() {
  Registry<Metric> registry("metric");
#define OUBLI_METRIC(name) registry.add(name##_metric());
#include "core/evaluate/metrics.def"
#undef OUBLI_METRIC
  return registry;
}

const Tensor* MetricInput::rows(const std::string& set) const {
  for (const NamedRows& named : sets) {
    if (named.name == set) return &named.rows;
  }
  return nullptr;
}

Tensor losses_of(const Dataset& dataset, Loss loss, const Tensor& outputs, const Tensor& rows) {
  Tensor targets = dataset.targets.index_select(0, rows);
  if (!dataset.is_classification()) targets = targets.to(at::kDouble);
  return Objective{loss, 0}.losses(outputs.index_select(0, rows), targets);
}

}  // namespace oubli
