// Accuracy on each set: the share of examples whose largest output is their label; ties go to the
// lowest class. Of sequences it is recall: the share whose whole answer is what greedy generation
// says from what stands before it. Where labels were corrupted before training, `accuracy/forget`
// is against the wrong labels that the model was trained on and `accuracy/forget_true` against the
// true ones; so with `unknown`, what was corrupted and no method is told of.
#include <ATen/ATen.h>

#include "core/evaluate/metric.h"

namespace oubli {
namespace {

std::vector<MetricValue> compute_accuracy(const MetricInput& input) {
  std::vector<MetricValue> values;
  const Dataset& data = *input.evaluation.dataset;
  if (!data.is_classification()) return values;
  for (const NamedRows& set : input.evaluation.sets) {
    values.push_back({"accuracy/" + set.name, input.predictions().accuracy(set.rows)});
    const bool corrupted =
        data.true_targets.defined() &&
        !data.true_targets.index_select(0, set.rows).equal(data.targets.index_select(0, set.rows));
    if (corrupted && (set.name == "forget" || set.name == "unknown")) {
      values.push_back({"accuracy/" + set.name + "_true",
                        input.predictions().accuracy(set.rows, data.true_targets)});
    }
  }
  return values;
}

}  // namespace

Metric accuracy_metric() {
  return {.name = "accuracy",
          .summary = "share of examples classified as labelled, on each set",
          .source =
              "Jia et al. 2023: UA is 1 - accuracy/forget, RA accuracy/retain, TA accuracy/test "
              "(without removed classes, as in gaps)",
          .columns =
              {{.name = "accuracy",
                .heading = "acc.",
                .range = "[0, 1]",
                .definition =
                    "Share of the set's examples whose most probable class is their label, the "
                    "lowest of equally probable ones. Of sequences recall: the share whose whole "
                    "answer is what greedy generation says from what stands before it. forget: "
                    "against the labels of training; "
                    "forget_true: against the true labels of mislabelled examples (corrected "
                    "accuracy); unknown, unknown_true: the same of examples that no method was "
                    "told of. In verdicts the resolution is one example, 1 / (size of the set).",
                .above = AboveMeans::kFits}},
          .compute = compute_accuracy};
}

}  // namespace oubli
