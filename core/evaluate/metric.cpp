#include "core/evaluate/metric.h"

namespace oubli {

#define OUBLI_METRIC(name) Metric name##_metric();
#include "core/evaluate/metrics/metrics.def"
#undef OUBLI_METRIC

Registry<Metric> builtin_metrics() {
  Registry<Metric> registry("metric");
#define OUBLI_METRIC(name) registry.add(name##_metric());
#include "core/evaluate/metrics/metrics.def"
#undef OUBLI_METRIC
  return registry;
}

const Tensor* Evaluation::rows(const std::string& set) const {
  for (const NamedRows& named : sets) {
    if (named.name == set) return &named.rows;
  }
  return nullptr;
}

const NamedRows* Evaluation::edited() const {
  const NamedRows* found = nullptr;
  for (const NamedRows& named : sets) {
    if (named.name == "forget") return &named;
    if (named.name == "added") found = &named;
  }
  return found;
}

const ColumnInfo* find_column(const Registry<Metric>& metrics, const std::string& column) {
  const std::string name = column.substr(0, column.find('/'));
  for (const Metric& metric : metrics.entries()) {
    for (const ColumnInfo& info : metric.columns) {
      if (info.name == name) return &info;
    }
  }
  return nullptr;
}

}  // namespace oubli
