// Whether a prediction made with probability 0.8 is right in 8 of 10 cases, on each set.
//   ece          = sum_b (n_b / n) |accuracy_b - confidence_b| over 15 bins of equal width of the
//                  largest probability; bin b holds ((b - 1) / 15, b / 15]; empty bins are skipped
//   ece_adaptive = the same over 15 bins of equal count (numpy.array_split of the sorted values)
//   brier        = mean ||p - onehot(y)||^2
// Of sequences it is the prediction of an answer's first token.
// Sources: Guo et al. 2017; Nixon et al. 2019; Brier 1950.
#include <ATen/ATen.h>

#include <cmath>

#include "core/evaluate/metric.h"

namespace oubli {
namespace {

constexpr std::int64_t kCalibrationBins = 15;

// |sum of (right - confidence)| over each bin, divided by n.
double binned_gap(const Tensor& bins, const Tensor& difference) {
  const Tensor sums = at::zeros({kCalibrationBins}, at::kDouble).index_add_(0, bins, difference);
  return sums.abs().sum().item<double>() / static_cast<double>(difference.numel());
}

// Of sequences where their answers begin, which is what the probabilities are of.
Tensor most_probable(const Predictions& predictions, const Tensor& rows) {
  const Dataset& data = predictions.dataset();
  if (!data.is_sequence()) return predictions.predicted().index_select(0, rows);
  const Tensor begin = data.sequences.answer_begin.index_select(0, rows);
  return predictions.said(rows).gather(1, begin.unsqueeze(1)).squeeze(1);
}

std::vector<MetricValue> compute_calibration(const MetricInput& input) {
  std::vector<MetricValue> values;
  if (!input.evaluation.is_classification()) return values;
  const Predictions& predictions = input.predictions();
  for (const NamedRows& set : input.evaluation.sets) {
    const Tensor p = predictions.probabilities(set.rows);
    const Tensor labels = input.evaluation.dataset->targets.index_select(0, set.rows);
    const Tensor confidence = p.amax(1);
    const Tensor right = most_probable(predictions, set.rows).eq(labels);
    const Tensor difference = right.to(at::kDouble) - confidence;
    const std::int64_t n = set.rows.numel();
    const Tensor bins =
        (confidence * kCalibrationBins).ceil().to(at::kLong).sub(1).clamp(0, kCalibrationBins - 1);
    values.push_back({"ece/" + set.name, binned_gap(bins, difference)});
    // The first n mod 15 groups hold one more than the others.
    const Tensor order = std::get<1>(
        at::sort(confidence, std::optional<bool>(true), /*dim=*/0, /*descending=*/false));
    const std::int64_t size = n / kCalibrationBins, larger = n % kCalibrationBins;
    const Tensor position = at::arange(n);
    const Tensor group = at::where(
        position.lt(larger * (size + 1)), position.div(size + 1, "floor"),
        (position - larger * (size + 1)).div(std::max<std::int64_t>(size, 1), "floor") + larger);
    values.push_back(
        {"ece_adaptive/" + set.name, binned_gap(group, difference.index_select(0, order))});
    const Tensor onehot = at::one_hot(labels, p.size(1)).to(at::kDouble);
    values.push_back({"brier/" + set.name, (p - onehot).square().sum(1).mean().item<double>()});
  }
  return values;
}

}  // namespace

Metric calibration_metric() {
  return {
      .name = "calibration",
      .summary = "expected calibration error and Brier score, on each set",
      .source = "Guo et al. 2017; Nixon et al. 2019; Brier 1950",
      .columns = {{.name = "ece",
                   .heading = "ECE",
                   .better = GoodSide::kLower,
                   .range = "[0, 1]",
                   .definition =
                       "sum_b (n_b / n) |accuracy_b - confidence_b| over 15 bins of "
                       "equal width of the largest probability p, n_b of n "
                       "examples in bin b, ((b - 1)/15, b/15]: confidence_b their mean p, "
                       "accuracy_b the share whose most probable class is their label."},
                  {.name = "ece_adaptive",
                   .heading = "adaptive ECE",
                   .better = GoodSide::kLower,
                   .range = "[0, 1]",
                   .definition = "The same over 15 bins of equal count: the examples in the order "
                                 "of their p, those of equal p in the order of their rows, the "
                                 "first n mod 15 bins one larger (numpy.array_split).",
                   .detail = true},
                  {.name = "brier",
                   .heading = "Brier",
                   .better = GoodSide::kLower,
                   .range = "[0, 2]",
                   .definition = "Mean of ||p - onehot(y)||^2.",
                   .detail = true}},
      .compute = compute_calibration};
}

}  // namespace oubli
