// Looks a column up among the values of a metric.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/evaluate/metric.h"

namespace oubli::testing {

inline bool has_column(const std::vector<MetricValue>& values, const std::string& column) {
  for (const MetricValue& value : values) {
    if (value.column == column) return true;
  }
  return false;
}

inline double value_of(const std::vector<MetricValue>& values, const std::string& column) {
  for (const MetricValue& value : values) {
    if (value.column == column) return value.value;
  }
  ADD_FAILURE() << "no column " << column;
  return 0;
}

}  // namespace oubli::testing
