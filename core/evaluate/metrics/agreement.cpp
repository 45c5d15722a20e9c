// How often the model predicts the class that an oracle predicts, on each set:
//   agreement = mean over examples and oracles of 1[argmax p = argmax q],   churn = 1 - agreement.
// Two oracles do not agree everywhere either: the noise floor is their churn.
// Source: Milani Fard et al. 2016 (churn).
#include <ATen/ATen.h>

#include "core/evaluate/metric.h"

namespace oubli {
namespace {

std::vector<MetricValue> compute_agreement(const MetricInput& input) {
  std::vector<MetricValue> values;
  if (!input.evaluation.is_classification()) return values;
  const Tensor& predicted = input.predictions().predicted();
  Tensor equal = at::zeros({predicted.size(0)}, at::kDouble);
  for (const ModelOutcome* oracle : input.oracles) {
    equal += predicted.eq(oracle->predictions.predicted());
  }
  equal /= static_cast<double>(input.oracles.size());
  for (const NamedRows& set : input.evaluation.sets) {
    const double agreement = equal.index_select(0, set.rows).mean().item<double>();
    values.push_back({"agreement/" + set.name, agreement});
    values.push_back({"churn/" + set.name, 1 - agreement});
  }
  return values;
}

}  // namespace

Metric agreement_metric() {
  return {.name = "agreement",
          .summary = "share of predictions that are an oracle's, and churn",
          .source = "Milani Fard et al. 2016",
          .columns = {{.name = "agreement",
                       .heading = "agreement",
                       .range = "[0, 1]",
                       .definition = "Mean over examples and oracles of 1[argmax p = argmax q]; "
                                     "ties go to the lowest class.",
                       .to_oracles = true},
                      {.name = "churn",
                       .heading = "churn",
                       .range = "[0, 1]",
                       .definition = "1 - agreement.",
                       .to_oracles = true,
                       .detail = true}},
          .compute = compute_agreement};
}

}  // namespace oubli
