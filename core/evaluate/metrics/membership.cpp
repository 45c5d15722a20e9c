// A loss-threshold membership attack (Yeom et al. 2018): the AUC with which a low loss tells the
// edited set from unseen examples. 0.5 tells nothing; a trained-on set lies above it, and a value
// below it is over-forgetting, not success: read it against the oracle's value. The unseen
// examples are the held-out set where there is one, else the test set, and those of the classes
// that the edited set holds, so that removing a class compares like with like. The threshold is not
// fitted: the AUC runs over all of them.
#include <ATen/ATen.h>

#include "core/evaluate/attacks/roc.h"
#include "core/evaluate/metric.h"

namespace oubli {
namespace {

std::vector<MetricValue> compute_membership(const MetricInput& input) {
  std::vector<MetricValue> values;
  const Evaluation& evaluation = input.evaluation;
  const Tensor& losses = input.predictions().losses();
  for (const NamedRows& set : evaluation.sets) {
    if (set.name != "forget" && set.name != "added") continue;
    const Tensor outside = evaluation.unseen_rows_like(set.rows);
    if (!outside.defined()) continue;
    const Tensor inside = -losses.index_select(0, set.rows),
                 others = -losses.index_select(0, outside);
    values.push_back({"membership_auc/" + set.name, auc(inside, others)});
    if (inside.numel() > 1 && others.numel() > 1) {
      values.push_back({"membership_auc_se/" + set.name, auc_standard_error(inside, others)});
    }
  }
  return values;
}

}  // namespace

Metric membership_metric() {
  return {
      .name = "membership",
      .summary = "AUC of a loss-threshold attack, edited set against unseen examples",
      .source = "Yeom et al. 2018",
      .columns = {{.name = "membership_auc",
                   .heading = "AUC",
                   .range = "[0, 1]",
                   .definition =
                       "Probability that an example of the edited set has a lower "
                       "loss than an unseen example (held out, else test) of the "
                       "same classes, ties counting one half. 0.5 tells nothing apart. Of facts "
                       "the unseen are sentences of the same relations about subjects that nobody "
                       "is trained on "
                       "(data: {held_out: 0.05}), where the edited subjects are known by nothing "
                       "else either; it "
                       "has no value otherwise.",
                   .resolution = 0.01,
                   .above = AboveMeans::kUnderForgets},
                  auc_error_column("membership_auc", "AUC")},
      .compute = compute_membership};
}

}  // namespace oubli
