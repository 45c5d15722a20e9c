// Calibration of the predicted probabilities on each set, against the labels of training.
//
//   ece = sum_b (n_b / n) |accuracy_b - confidence_b|                    (Guo et al. 2017, eq. 3)
//
// over 15 bins of the largest probability c: of equal width, (b/15, (b+1)/15], or, in ece_adaptive,
// of equal mass, examples floor(b n / 15) .. floor((b+1) n / 15) in the order of c. Examples of the
// same c share their mean correctness, so that the order among them does not matter. Empty bins
// count nothing.
//
//   brier = mean_x sum_c (p_c - 1[c = y])^2
#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>

#include "core/evaluate/metric.h"

namespace oubli {
namespace {

constexpr std::size_t kBins = 15;

// Sums over the examples of one bin of correctness - confidence: |sum| / n is the bin's term.
double equal_width(const std::vector<double>& confidence, const std::vector<double>& correct) {
  std::array<double, kBins> excess{};
  for (std::size_t i = 0; i < confidence.size(); ++i) {
    const double edge = std::ceil(confidence[i] * static_cast<double>(kBins)) - 1;
    const double last = static_cast<double>(kBins - 1);
    excess[static_cast<std::size_t>(std::clamp(edge, 0.0, last))] += correct[i] - confidence[i];
  }
  double sum = 0;
  for (const double bin : excess) sum += std::abs(bin);
  return sum / static_cast<double>(confidence.size());
}

double equal_mass(const std::vector<double>& confidence, const std::vector<double>& correct) {
  const std::size_t n = confidence.size();
  std::vector<std::size_t> order(n);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return confidence[a] < confidence[b]; });
  std::vector<double> excess(n);
  for (std::size_t begin = 0; begin < n;) {
    std::size_t end = begin;
    double hits = 0;
    while (end < n && confidence[order[end]] == confidence[order[begin]]) {
      hits += correct[order[end++]];
    }
    const double share = hits / static_cast<double>(end - begin);
    for (std::size_t i = begin; i < end; ++i) excess[i] = share - confidence[order[i]];
    begin = end;
  }
  double sum = 0;
  for (std::size_t b = 0; b < kBins; ++b) {
    double bin = 0;
    for (std::size_t i = b * n / kBins; i < (b + 1) * n / kBins; ++i) bin += excess[i];
    sum += std::abs(bin);
  }
  return sum / static_cast<double>(n);
}

std::vector<double> to_vector(const Tensor& values) {
  const Tensor flat = values.to(at::kDouble).contiguous();
  const double* data = flat.data_ptr<double>();
  return std::vector<double>(data, data + flat.numel());
}

std::vector<MetricValue> compute(const MetricInput& input) {
  std::vector<MetricValue> values;
  if (!input.evaluation.is_classification()) return values;
  const Predictions& predictions = input.predictions();
  const Tensor& targets = input.evaluation.dataset->targets;
  for (const NamedRows& set : input.evaluation.sets) {
    const Tensor p = predictions.probabilities().index_select(0, set.rows);
    const Tensor y = targets.index_select(0, set.rows);
    const std::vector<double> confidence = to_vector(p.amax(1));
    const std::vector<double> correct =
        to_vector(predictions.predicted().index_select(0, set.rows).eq(y));
    const bool finite = p.isfinite().all().item<bool>();
    const double undefined = std::numeric_limits<double>::quiet_NaN();
    values.push_back({"ece/" + set.name, finite ? equal_width(confidence, correct) : undefined});
    values.push_back(
        {"ece_adaptive/" + set.name, finite ? equal_mass(confidence, correct) : undefined});
    const Tensor one_hot = at::one_hot(y, p.size(1)).to(at::kDouble);
    values.push_back({"brier/" + set.name, (p - one_hot).square().sum(1).mean().item<double>()});
  }
  return values;
}

}  // namespace

Metric calibration_metric() {
  return {.name = "calibration",
          .summary = "expected calibration error and Brier score, on each set",
          .source = "Guo et al. 2017, eq. 3; Nguyen and O'Connor 2015 (equal mass); Brier 1950",
          .columns = {{.name = "ece",
                       .heading = "ECE",
                       .range = "[0, 1]",
                       .definition = "Sum over 15 bins of equal width of the largest probability "
                                     "of (n_b / n) |accuracy_b - mean confidence_b|; empty bins "
                                     "count nothing. 0 is calibrated, but a small set has a value "
                                     "above 0 by chance: read it against the oracles'.",
                       .resolution = 0.005},
                      {.name = "ece_adaptive",
                       .heading = "ECE (mass)",
                       .range = "[0, 1]",
                       .definition = "As ece over 15 bins that hold equally many examples in the "
                                     "order of the largest probability; examples that tie share "
                                     "their mean correctness.",
                       .resolution = 0.005},
                      {.name = "brier",
                       .heading = "Brier",
                       .range = "[0, 2]",
                       .definition = "Mean over examples of sum_c (p_c - 1[c = y])^2.",
                       .resolution = 0.005}},
          .compute = compute};
}

}  // namespace oubli
