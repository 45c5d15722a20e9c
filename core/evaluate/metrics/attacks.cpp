// Membership attacks on the scores of one model (Song and Mittal 2021).
//
// For a score v out of confidence p_y, -entropy and -modified entropy: the test set is split into
// two halves, each class evenly. Thresholds for each class are fitted to tell retained examples
// from the first half, in equal numbers (core/evaluate/attacks/threshold_rule.h). The rule is then
// applied to examples that it has not seen, and the value is the balanced accuracy
//   (mean_edited[v >= t_y] + mean_outside[v < t_y]) / 2
// with which it tells the edited set from those of the second half that have its classes.
// The correctness attack calls what is predicted right a member and fits nothing.
//
// 0.5 tells nothing apart; a set that is still seen as trained on lies above, and a value below is
// over-forgetting, not success: read all of them against the oracle's.
#include <ATen/ATen.h>

#include "core/evaluate/attacks/comparison.h"
#include "core/evaluate/attacks/roc.h"
#include "core/evaluate/attacks/threshold_rule.h"
#include "core/evaluate/metric.h"

namespace oubli {
namespace {

struct Halves {
  Tensor fitted, judged;
};

// A random half of each class to either side.
Halves split_halves(const Tensor& rows, const Dataset& dataset, Generator generator) {
  const Tensor drawn = rows.index_select(0, generator.permutation(rows.numel()));
  const Tensor order = dataset.targets.index_select(0, drawn).argsort(/*stable=*/true);
  const Tensor by_class = drawn.index_select(0, order);
  return {by_class.slice(0, 0, by_class.numel(), 2), by_class.slice(0, 1, by_class.numel(), 2)};
}

// What the three fitted attacks share.
struct Groups {
  Tensor members, others;  // that thresholds are fitted on
  Tensor edited, outside;  // that they are judged on
};

void add_fitted(const Predictions& predictions, const Groups& groups, const std::string& set,
                std::vector<MetricValue>& values) {
  const Dataset& dataset = predictions.dataset();
  const auto add = [&](const std::string& name, const Tensor& scores) {
    const auto select = [&](const Tensor& rows) {
      return ClassScores{scores.index_select(0, rows), dataset.targets.index_select(0, rows)};
    };
    const ThresholdRule rule =
        fit_threshold_rule(select(groups.members), select(groups.others), dataset.outputs);
    values.push_back(
        {name + "/" + set, rule.balanced_accuracy(select(groups.edited), select(groups.outside))});
  };
  // Diverged models have scores that are not numbers.
  if (!predictions.outputs().isfinite().all().item<bool>()) return;
  add("mia_confidence", predictions.confidence());
  add("mia_entropy", -predictions.entropy());
  add("mia_modified_entropy", -predictions.modified_entropy());
}

std::vector<MetricValue> compute(const MetricInput& input) {
  std::vector<MetricValue> values;
  const Evaluation& evaluation = input.evaluation;
  const Dataset& dataset = *evaluation.dataset;
  const Tensor* test = evaluation.rows("test");
  const Tensor* retain = evaluation.rows("retain");
  if (test == nullptr) return values;
  const Predictions& predictions = input.predictions();
  const Generator generator = Generator(evaluation.seed).stream("attacks");
  for (const NamedRows& set : evaluation.sets) {
    if (set.name != "forget" && set.name != "added") continue;
    const Tensor outside = rows_of_same_classes(dataset, *test, set.rows);
    if (outside.numel() == 0) continue;
    if (evaluation.is_classification()) {
      const Halves halves = split_halves(*test, dataset, generator.stream("halves"));
      const Tensor judged = rows_of_same_classes(dataset, halves.judged, set.rows);
      if (retain != nullptr && halves.fitted.numel() > 0 && judged.numel() > 0) {
        const std::int64_t count = std::min(retain->numel(), halves.fitted.numel());
        add_fitted(predictions,
                   {.members = draw_rows(*retain, count, generator.stream("members")),
                    .others = draw_rows(halves.fitted, count, generator.stream("others")),
                    .edited = set.rows,
                    .outside = judged},
                   set.name, values);
      }
      // Of scores 0 and 1 the AUC is the balanced accuracy.
      const Tensor right = predictions.predicted().eq(dataset.targets).to(at::kDouble);
      values.push_back({"mia_correctness/" + set.name,
                        auc(right.index_select(0, set.rows), right.index_select(0, outside))});
    }
    const Tensor edited_scores = -predictions.losses().index_select(0, set.rows);
    const Tensor outside_scores = -predictions.losses().index_select(0, outside);
    values.push_back({"tpr_at_1_fpr/" + set.name, tpr_at_fpr(edited_scores, outside_scores, 0.01)});
    values.push_back(
        {"tpr_at_01_fpr/" + set.name, tpr_at_fpr(edited_scores, outside_scores, 0.001)});
  }
  return values;
}

ColumnInfo fitted_column(const std::string& name, const std::string& heading,
                         const std::string& score) {
  return {.name = name,
          .heading = heading,
          .group = Group::kPrivacy,
          .range = "[0, 1]",
          .definition = "Balanced accuracy with which " + score +
                        ", against thresholds for each class that tell retained examples from one "
                        "half of the test set, tells the edited set from the other half's examples "
                        "of the same classes. 0.5 tells nothing apart.",
          .resolution = 0.01,
          .above = "under-forgets",
          .detail = true};
}

ColumnInfo tpr_column(const std::string& name, const std::string& percent, bool detail) {
  return {.name = name,
          .heading = "TPR@" + percent + "%",
          .group = Group::kPrivacy,
          .range = "[0, 1]",
          .definition = "True-positive rate of the loss attack where at most " + percent +
                        " % of the test examples of the same classes pass as members; tied losses "
                        "pass together, nothing is interpolated. Needs as many test examples as "
                        "one false positive stands for; with fewer, none may pass.",
          .resolution = 0.01,
          .above = "under-forgets",
          .detail = detail};
}

}  // namespace

Metric attacks_metric() {
  return {
      .name = "attacks",
      .summary = "membership attacks by confidence, entropies and correctness; few false alarms",
      .source = "Song and Mittal 2021; Carlini et al. 2022 for the rates",
      .columns = {fitted_column("mia_confidence", "conf. attack", "a high confidence"),
                  fitted_column("mia_entropy", "entropy attack", "a low entropy"),
                  fitted_column("mia_modified_entropy", "m-entropy attack",
                                "a low modified entropy"),
                  {.name = "mia_correctness",
                   .heading = "correctness attack",
                   .group = Group::kPrivacy,
                   .range = "[0, 1]",
                   .definition = "(accuracy on the edited set + 1 - accuracy on test examples "
                                 "of the same classes) / 2. 0.5 tells nothing apart.",
                   .resolution = 0.01,
                   .above = "under-forgets",
                   .detail = true},
                  tpr_column("tpr_at_1_fpr", "1", false),
                  tpr_column("tpr_at_01_fpr", "0.1", true)},
      .compute = compute};
}

}  // namespace oubli
