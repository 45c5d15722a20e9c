// Membership attacks by the scores of one model (Song and Mittal 2021): the AUC with which a high
// confidence, a low entropy or a low modified entropy tells the edited set from unseen examples of
// the same classes, and the balanced accuracy of taking correct predictions for members. AUCs run
// over all thresholds, so no threshold is fitted; 0.5 tells nothing, and a value below it is
// over-forgetting.
#include <ATen/ATen.h>

#include "core/evaluate/attacks/roc.h"
#include "core/evaluate/metric.h"

namespace oubli {
namespace {

std::vector<MetricValue> compute_score_attacks(const MetricInput& input) {
  const Evaluation& evaluation = input.evaluation;
  const NamedRows* edited = evaluation.edited();
  if (!evaluation.is_classification() || edited == nullptr) return {};
  const Tensor outside = evaluation.unseen_rows_like(edited->rows);
  if (!outside.defined()) return {};
  const Predictions& predictions = input.predictions();
  const auto attack = [&](const Tensor& scores) {
    return auc(scores.index_select(0, edited->rows), scores.index_select(0, outside));
  };
  const Tensor right = predictions.predicted().eq(evaluation.dataset->targets).to(at::kDouble);
  const Tensor scores = -predictions.losses();
  return {{"confidence_auc", attack(predictions.confidence())},
          {"entropy_auc", attack(-predictions.entropy())},
          {"modified_entropy_auc", attack(-predictions.modified_entropy())},
          {"correctness_attack", attack(right)},  // of two values the AUC is balanced accuracy
          {"loss_tpr_1", tpr_at_fpr(scores.index_select(0, edited->rows),
                                    scores.index_select(0, outside), 0.01)}};
}

ColumnInfo score_column(const std::string& name, const std::string& heading,
                        const std::string& definition, bool detail) {
  return {.name = name,
          .heading = heading,
          .group = ColumnGroup::kPrivacy,
          .range = "[0, 1]",
          .definition = definition,
          .resolution = 0.01,
          .above = AboveMeans::kUnderForgets,
          .detail = detail};
}

}  // namespace

Metric score_attacks_metric() {
  const std::string compared =
      " tells the edited set from unseen examples (held out, else test) of the same classes.";
  return {.name = "score_attacks",
          .summary = "membership attacks by confidence, entropy, modified entropy, correctness",
          .source = "Song and Mittal 2021",
          .columns = {score_column("confidence_auc", "conf. AUC",
                                   "AUC with which a high confidence" + compared, true),
                      score_column("entropy_auc", "entropy AUC",
                                   "AUC with which a low entropy" + compared, true),
                      score_column("modified_entropy_auc", "m. entropy AUC",
                                   "AUC with which a low modified entropy" + compared, false),
                      score_column("correctness_attack", "correctness",
                                   "Balanced accuracy of taking correct predictions for members: "
                                   "(accuracy on the edited set + 1 - accuracy on unseen examples, "
                                   "held out, else test, of the same classes) / 2.",
                                   true),
                      score_column("loss_tpr_1", "TPR@1%",
                                   "True positive rate of the loss attack at a false positive "
                                   "rate of 1 %, not interpolated.",
                                   false)},
          .compute = compute_score_attacks};
}

}  // namespace oubli
