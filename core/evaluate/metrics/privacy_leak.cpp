// MUSE's privacy leak: how much better or worse than with a retrained model forgotten text is told
// from text that no model was trained on.
//
//   privacy_leak = 100 (AUC(model) - AUC(oracle)) / AUC(oracle),   mean over oracles
//
// AUC the probability that a forgotten sequence looks less likely than one that was never seen, by
// the mean log-probability of its k % least likely tokens (Min-K%, rounded down, one or more; Shi
// et al. 2024), or by the loss of its answer. 0 is as retraining; negative values say that it still
// looks known (under-forgetting), positive ones that it looks stranger than what was never seen.
//
// What was never seen must be like what was forgotten but for that. Of a text it is the held-out or
// test set (Evaluation::unseen_rows_like). Of facts the test set is none: it says learnt facts in
// other words. It takes subjects that nobody is trained on, `data: {held_out: SHARE}`, and of their
// sentences those of the same relations; and subjects that are forgotten altogether (`remove:
// {subjects: ...}`): a name that was never read makes a sentence unlikely by itself, so that facts
// of people who are known by others are not held against facts of people who are not. There is no
// value otherwise. Not defined where an oracle's AUC is 0.
//
// Source: Shi et al. 2024 (MUSE, arXiv 2407.06460).
#include <ATen/ATen.h>

#include <algorithm>
#include <limits>

#include "core/evaluate/attacks/roc.h"
#include "core/evaluate/metric.h"

namespace oubli {
namespace {

// Mean log-probability of the least likely tokens of each sequence: float64 [rows].
Tensor least_likely(const Predictions& predictions, const Tensor& rows, std::int64_t percent) {
  const Tensor asked = predictions.dataset().sequences.next.index_select(0, rows).ge(0);
  const double never = -std::numeric_limits<double>::infinity();
  const Tensor losses = predictions.token_losses(rows).masked_fill(asked.logical_not(), never);
  const Tensor sorted = std::get<0>(losses.sort(/*dim=*/1, /*descending=*/true));
  const Tensor count = (asked.sum(1) * percent).div(100, "floor").clamp_min(1);
  const Tensor taken = at::arange(sorted.size(1)).unsqueeze(0).lt(count.unsqueeze(1));
  return -sorted.masked_fill(taken.logical_not(), 0).sum(1) / count;
}

// Higher: more likely.
using Likelihood = std::function<Tensor(const Predictions& predictions, const Tensor& rows)>;

double leak(const MetricInput& input, const Tensor& forget, const Tensor& unseen,
            const Likelihood& likelihood) {
  const auto auc_of = [&](const Predictions& predictions) {
    return auc(likelihood(predictions, unseen), likelihood(predictions, forget));
  };
  const double own = auc_of(input.predictions());
  double sum = 0;
  for (const ModelOutcome* oracle : input.oracles) {
    const double theirs = auc_of(oracle->predictions);
    if (theirs == 0) return std::numeric_limits<double>::quiet_NaN();
    sum += 100 * (own - theirs) / theirs;
  }
  return sum / static_cast<double>(input.oracles.size());
}

std::vector<MetricValue> compute_privacy_leak(const MetricInput& input) {
  const Tensor* forget = input.evaluation.rows("forget");
  if (!input.evaluation.dataset->is_sequence() || forget == nullptr) return {};
  const Tensor unseen = input.evaluation.unseen_rows_like(*forget);
  if (!unseen.defined()) return {};
  const auto min_k = [](std::int64_t percent) {
    return [percent](const Predictions& predictions, const Tensor& rows) {
      return least_likely(predictions, rows, percent);
    };
  };
  const auto by_loss = [](const Predictions& predictions, const Tensor& rows) {
    return predictions.losses().index_select(0, rows).neg();
  };
  return {{"privacy_leak_loss", leak(input, *forget, unseen, by_loss)},
          {"privacy_leak_20", leak(input, *forget, unseen, min_k(20))},
          {"privacy_leak_40", leak(input, *forget, unseen, min_k(40))}};
}

ColumnInfo leak_column(const std::string& name, const std::string& heading,
                       const std::string& score) {
  return {
      .name = name,
      .heading = heading,
      .group = ColumnGroup::kPrivacy,
      .range = "[-100, inf) %",
      .definition =
          "100 (AUC - AUC_r) / AUC_r, mean over oracles r: AUC the probability that a forgotten "
          "sequence is less likely than one that no model was trained on, by " +
          score +
          ". Below 0 it still looks known, above 0 stranger than what was never seen. Of facts "
          "it takes subjects that are forgotten altogether and others that nobody is trained on "
          "(remove: {subjects: ...}, data: {held_out: 0.05}), whose sentences of the same "
          "relations it is held against; it has no value without them.",
      .resolution = 1,
      .above = AboveMeans::kOverForgets};
}

}  // namespace

Metric privacy_leak_metric() {
  return {.name = "privacy_leak",
          .summary = "MUSE's privacy leak: forgotten text against text that was never seen",
          .source = "Shi et al. 2024 (MUSE; Min-K%)",
          .columns = {leak_column("privacy_leak_loss", "leak (loss)", "the loss of its answer"),
                      leak_column("privacy_leak_20", "leak (20 %)",
                                  "the mean log-probability of the fifth of its tokens that is "
                                  "least likely, rounded down, one or more (Min-K%)"),
                      leak_column("privacy_leak_40", "leak (40 %)",
                                  "the mean log-probability of the two fifths of its tokens that "
                                  "are least likely, rounded down, one or more (Min-K%)")},
          .compute = compute_privacy_leak};
}

}  // namespace oubli
