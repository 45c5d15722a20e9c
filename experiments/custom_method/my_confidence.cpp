// A metric outside oubli's tree: the mean confidence in the labels, on each set.
#include <ATen/ATen.h>

#include "core/evaluate/metric.h"

namespace {

std::vector<oubli::MetricValue> compute(const oubli::MetricInput& input) {
  std::vector<oubli::MetricValue> values;
  if (!input.evaluation.is_classification()) return values;  // not defined: no column
  for (const oubli::NamedRows& set : input.evaluation.sets) {
    const oubli::Tensor own = input.predictions().confidence().index_select(0, set.rows);
    values.push_back({"my_confidence/" + set.name, own.mean().item<double>()});
  }
  return values;
}

}  // namespace

oubli::Metric my_confidence_metric() {
  return {.name = "my_confidence",
          .summary = "mean probability of the label on each set",
          .source = "an example of a metric outside oubli's tree",
          .columns = {{.name = "my_confidence",
                       .heading = "confidence",
                       .range = "[0, 1]",
                       .definition = "Mean of p_y over the set.",
                       .above = oubli::AboveMeans::kFits}},
          .compute = compute};
}
