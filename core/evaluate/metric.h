// Metrics: numbers about an edited model, from stored predictions, parameters and costs.
//
// No metric trains anything, so a new one costs no training: it is computed again from the store.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/base/registry.h"
#include "core/data/dataset.h"
#include "core/train/objective.h"

namespace oubli {

// What is known of one trained or edited model.
struct ModelOutcome {
  Tensor outputs;  // float64 [dataset size, outputs]; rows outside every split are zero
  Tensor theta;    // float64 [dim]
  double sample_gradients = 0;
  double seconds = 0;
};

// One set that metrics are reported on.
struct NamedRows {
  std::string name;  // retain, forget, added, validation, test
  Tensor rows;       // int64
};

struct MetricInput {
  const Dataset& dataset;
  Loss loss;
  std::vector<NamedRows> sets;  // only those that are not empty
  const ModelOutcome& model;
  std::vector<const ModelOutcome*> oracles;  // at least one; a value against several is their mean

  const Tensor* rows(const std::string& set) const;
};

struct MetricValue {
  std::string column;  // metric, or metric/set
  double value = 0;
};

struct Metric {
  std::string name;
  std::string summary;
  // Values that are not defined for the input, such as an accuracy of a regression, are left out.
  std::function<std::vector<MetricValue>(const MetricInput&)> compute;
};

Registry<Metric> builtin_metrics();

// The loss of each row from stored outputs, float64.
Tensor losses_of(const Dataset& dataset, Loss loss, const Tensor& outputs, const Tensor& rows);

}  // namespace oubli
