// How often the model and the oracles predict the same class, on each set:
//
//   agreement = mean_x 1[argmax p = argmax q],  churn = 1 - agreement,
//
// the mean over oracles; ties of the outputs go to the lowest class in both.
#include <ATen/ATen.h>

#include "core/evaluate/metric.h"

namespace oubli {
namespace {

std::vector<MetricValue> compute(const MetricInput& input) {
  std::vector<MetricValue> values;
  if (!input.evaluation.is_classification()) return values;
  for (const NamedRows& set : input.evaluation.sets) {
    const Tensor predicted = input.predictions().predicted().index_select(0, set.rows);
    double sum = 0;
    for (const ModelOutcome* oracle : input.oracles) {
      const Tensor reference = oracle->predictions.predicted().index_select(0, set.rows);
      sum += predicted.eq(reference).to(at::kDouble).mean().item<double>();
    }
    const double agreement = sum / static_cast<double>(input.oracles.size());
    values.push_back({"agreement/" + set.name, agreement});
    values.push_back({"churn/" + set.name, 1 - agreement});
  }
  return values;
}

}  // namespace

Metric agreement_metric() {
  return {.name = "agreement",
          .summary = "how often the model predicts the oracles' class",
          .source = "Milani Fard et al. 2016 (churn)",
          .columns = {{.name = "agreement",
                       .heading = "agreement",
                       .range = "[0, 1]",
                       .definition = "Share of the set's examples for which the model and the "
                                     "oracle predict the same class, the mean over oracles. The "
                                     "noise floor is how often one oracle agrees with the others.",
                       .resolution = 0.005},
                      {.name = "churn",
                       .heading = "churn",
                       .range = "[0, 1]",
                       .definition = "One minus agreement: the share of examples for which the "
                                     "model and the oracle predict different classes.",
                       .resolution = 0.005,
                       .detail = true}},
          .compute = compute};
}

}  // namespace oubli
