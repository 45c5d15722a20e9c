// What every metric must do on predictions of classifiers and of regressions.
#pragma once

#include "core/evaluate/metric.h"
#include "experiments/selftest/checks.h"

namespace oubli::testing {

using MetricCheck = Check<Metric>;

const std::vector<MetricCheck>& metric_checks();

}  // namespace oubli::testing
