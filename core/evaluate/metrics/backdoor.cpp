// Whether a backdoor that was planted in training examples still opens.
//
//   attack_success = share of triggered test examples that are predicted as the trigger's target
//
// Triggered are the test examples of other classes, each with the trigger on it. A model without
// the backdoor has a value too: what it mistakes for the target, trigger or not. accuracy/triggered
// is the share that is classified right all the same.
// Source: Gu et al. 2017 (BadNets); Goel et al. 2024 (corrective unlearning, where a part of the
// poisoned examples is known).
#include <ATen/ATen.h>

#include "core/evaluate/metric.h"

namespace oubli {
namespace {

std::vector<MetricValue> compute_backdoor(const MetricInput& input) {
  const Evaluation& evaluation = input.evaluation;
  const Tensor* triggered = evaluation.rows("triggered");
  if (!evaluation.is_classification() || triggered == nullptr || !evaluation.planted.target) {
    return {};
  }
  const Tensor hits =
      input.predictions().predicted().index_select(0, *triggered).eq(*evaluation.planted.target);
  return {{"attack_success", hits.to(at::kDouble).mean().item<double>()}};
}

}  // namespace

Metric backdoor_metric() {
  return {.name = "backdoor",
          .summary = "how often a planted trigger still makes its target the prediction",
          .source = "Gu et al. 2017; Goel et al. 2024",
          .columns = {{.name = "attack_success",
                       .heading = "attack success",
                       .group = ColumnGroup::kPrivacy,
                       .range = "[0, 1]",
                       .definition = "Share of the triggered test examples, which are of other "
                                     "classes, that are predicted as the trigger's target. A model "
                                     "that never saw the trigger has its mistakes here.",
                       .resolution = 0.005,
                       .above = AboveMeans::kUnderForgets}},
          .compute = compute_backdoor};
}

}  // namespace oubli
