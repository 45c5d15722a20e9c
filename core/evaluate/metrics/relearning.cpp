// How fast the model learns the forget set again when it is trained on all of D.
//
//   relearn_epochs = first epoch at which the forget loss is at most the original's + 1e-5
//                                                                      (Golatkar et al. 2020b)
//   anamnesis_index = r(model) / max(mean_r r(oracle), 1)              (Chundawat et al. 2023b)
//
// r the first epoch at which the forget accuracy is at least 0.95 of the original's. Epoch 0 is the
// model as it is. A run that never gets there is censored: its value is the length of its curve,
// one more than its last epoch, and a lower limit. Where an oracle is censored the index is not
// defined. Left out where there is no original, no curve or no forget set.
#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/evaluate/metric.h"

namespace oubli {
namespace {

constexpr double kLossMargin = 1e-5;
constexpr double kAccuracyMargin = 0.05;

// Not a number where training diverges before.
struct FirstEpoch {
  double epoch = 0;
  bool censored = false;
};

template <typename Reached>
FirstEpoch first(const std::vector<double>& curve, bool diverged, Reached reached) {
  std::size_t epoch = 0;
  while (epoch < curve.size() && !reached(curve[epoch])) ++epoch;
  const bool censored = epoch == curve.size();
  if (censored && diverged) return {std::numeric_limits<double>::quiet_NaN(), false};
  return {static_cast<double>(epoch), censored};
}

bool has_diverged(const Relearning& curves) {
  return !curves.forget_loss.empty() && !std::isfinite(curves.forget_loss.back());
}

std::vector<MetricValue> compute_relearning(const MetricInput& input) {
  std::vector<MetricValue> values;
  const Tensor* forget = input.evaluation.rows("forget");
  const auto& own = input.model.relearning;
  if (input.original == nullptr || forget == nullptr || !own) return values;
  const Predictions& original = input.original->predictions;
  const double loss = original.losses().index_select(0, *forget).mean().item<double>();
  const FirstEpoch by_loss = first(own->forget_loss, has_diverged(*own),
                                   [&](double value) { return value <= loss + kLossMargin; });
  values.push_back({"relearn_epochs", by_loss.epoch, by_loss.censored});
  if (!input.evaluation.is_classification() || input.oracles.empty()) return values;
  const double accuracy = original.accuracy(*forget);
  const auto by_accuracy = [&](const Relearning& curves) {
    return first(curves.forget_accuracy, has_diverged(curves),
                 [&](double value) { return value >= (1 - kAccuracyMargin) * accuracy; });
  };
  double sum = 0;
  for (const ModelOutcome* oracle : input.oracles) {
    if (!oracle->relearning) return values;
    const FirstEpoch its = by_accuracy(*oracle->relearning);
    if (its.censored || std::isnan(its.epoch)) {
      values.push_back({"anamnesis_index", std::numeric_limits<double>::quiet_NaN()});
      return values;
    }
    sum += its.epoch;
  }
  const double oracles = sum / static_cast<double>(input.oracles.size());
  const FirstEpoch its = by_accuracy(*own);
  values.push_back({"anamnesis_index", its.epoch / std::max(oracles, 1.0), its.censored});
  return values;
}

}  // namespace

Metric relearning_metric() {
  return {
      .name = "relearning",
      .summary = "how fast the forget set is learnt again",
      .source = "Golatkar et al. 2020b (relearn time); Chundawat et al. 2023b (anamnesis index)",
      .columns = {{.name = "relearn_epochs",
                   .heading = "relearn",
                   .group = ColumnGroup::kPrivacy,
                   .range = "[0, epochs + 1]",
                   .definition =
                       "Epochs of training on all of D (settings: `relearn`; plain SGD on the loss "
                       "without l2, augmentation or clipping, in training's batches, or of 128 "
                       "where those are whole) until the forget "
                       "loss is at most the original model's + 1e-5; 0 where it already is, not "
                       "defined where training diverges. A run that does not get there counts as "
                       "one epoch more than it had, and the table says '>='. Good is the oracles' "
                       "value.",
                   .resolution = 1,
                   .above = AboveMeans::kOverForgets},
                  {.name = "anamnesis_index",
                   .heading = "AIN",
                   .group = ColumnGroup::kPrivacy,
                   .range = "[0, epochs + 1]",
                   .definition =
                       "Epochs of training on all of D until the forget accuracy is at least "
                       "0.95 of the original model's, over the mean of the oracles' epochs "
                       "(over 1 where that is less). 1 is as retraining; near 0 forgetting is "
                       "shallow. '>=' where the model does not get there; not defined where an "
                       "oracle does not.",
                   .resolution = 0.05,
                   .above = AboveMeans::kOverForgets}},
      .compute = compute_relearning,
      .needs = {.relearning = true}};
}

}  // namespace oubli
