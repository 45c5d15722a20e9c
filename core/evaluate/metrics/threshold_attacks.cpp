// Membership attacks with a threshold for each class (Song and Mittal 2021): thresholds on the
// confidence, the entropy and the modified entropy are fitted to tell retained examples from one
// half of the unseen ones, in equal numbers, and then asked about examples that they have not seen:
// the edited set against the other half's examples of its classes. The value is the balanced
// accuracy (TPR + TNR) / 2. Where score_attacks.cpp asks how well any threshold could do, this is
// what an attacker gets who has to choose one.
#include <ATen/ATen.h>

#include <limits>

#include "core/evaluate/attacks/samples.h"
#include "core/evaluate/attacks/threshold_rule.h"
#include "core/evaluate/metric.h"

namespace oubli {
namespace {

std::vector<MetricValue> compute_threshold_attacks(const MetricInput& input) {
  const Evaluation& evaluation = input.evaluation;
  const std::optional<FittedSets> sets = fitted_sets(evaluation);
  if (!sets) return {};
  const Tensor& classes = evaluation.dataset->targets;
  const Halves halves = class_halves(sets->unseen, classes);
  const Tensor judged = halves.second.index(
      {at::isin(classes.index_select(0, halves.second), classes.index_select(0, sets->edited))});
  if (judged.numel() == 0) return {};
  const std::int64_t count = std::min(sets->retain.numel(), halves.first.numel());
  const Tensor members = evenly_spaced(sets->retain, count),
               others = evenly_spaced(halves.first, count);
  const Predictions& predictions = input.predictions();
  const Tensor used = at::cat({members, others, sets->edited, judged});
  const auto attack = [&](const Tensor& scores) {
    // A diverged model has scores that are not numbers.
    if (!scores.index_select(0, used).isfinite().all().item<bool>()) {
      return std::numeric_limits<double>::quiet_NaN();
    }
    const auto of = [&](const Tensor& rows) {
      return ClassScores{scores.index_select(0, rows), classes.index_select(0, rows)};
    };
    return fit_threshold_rule(of(members), of(others), evaluation.dataset->outputs)
        .balanced_accuracy(of(sets->edited), of(judged));
  };
  return {{"confidence_attack", attack(predictions.confidence())},
          {"entropy_attack", attack(-predictions.entropy())},
          {"modified_entropy_attack", attack(-predictions.modified_entropy())}};
}

ColumnInfo threshold_column(const std::string& name, const std::string& heading,
                            const std::string& score, bool detail) {
  return {
      .name = name,
      .heading = heading,
      .group = ColumnGroup::kPrivacy,
      .range = "[0, 1]",
      .definition =
          "Balanced accuracy with which " + score +
          ", against thresholds for each class that were fitted on retained examples and one half "
          "of the unseen ones (held out, else test), tells the edited set from the other half's "
          "examples of its classes. 0.5 tells nothing. Halves: every second of the unseen in the "
          "order of class and row, beginning with the first. Of retained examples and that half "
          "the larger is cut to as many as the other has, the i-th of c from n being floor(i n / "
          "c). A class's threshold is the lowest score seen there with the largest TPR + TNR, "
          "member where score >= threshold; of all classes' where one side lacks the class.",
      .resolution = 0.01,
      .above = AboveMeans::kUnderForgets,
      .detail = detail};
}

}  // namespace

Metric threshold_attacks_metric() {
  return {
      .name = "threshold_attacks",
      .summary = "membership attacks with a fitted threshold for each class",
      .source = "Song and Mittal 2021",
      .columns = {threshold_column("confidence_attack", "conf. attack", "a high confidence", true),
                  threshold_column("entropy_attack", "entropy attack", "a low entropy", true),
                  threshold_column("modified_entropy_attack", "m. entropy attack",
                                   "a low modified entropy", false)},
      .compute = compute_threshold_attacks};
}

}  // namespace oubli
