// KL divergence of margins (Georgiev et al. 2024, KLOM): for each example, how far the distribution
// of the scaled confidence phi over the row's models is from that over the oracles.
//
//   klom(x) = sum_b p_b ln(p_b / q_b),  p over the models, q over the oracles,
//   p_b = (share of models in bin b + 1e-5) / (1 + 20 * 1e-5),  q_b alike
//
// over 20 bins of equal width from the smallest to the largest of both samples; 0 where all values
// are the same. The constant keeps it finite, and sets where it saturates: at ln(1 + 1e5) = 11.51
// nats for samples in different bins. A histogram of few models is noisy, and two samples of one
// distribution have a value well above 0, the higher the fewer models there are. klom_bias is the
// value of as many oracles as the row has models, at most the half that is set apart, against the
// half that the row is held against.
#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "core/evaluate/metric.h"

namespace oubli {
namespace {

constexpr std::size_t kMarginBins = 20;
constexpr double kSmoothing = 1e-5;

// phi of every model on the rows: [models, rows].
Tensor confidences(const std::vector<const ModelOutcome*>& models, const Tensor& rows) {
  std::vector<Tensor> all;
  all.reserve(models.size());
  for (const ModelOutcome* model : models) {
    all.push_back(model->predictions.scaled_confidence().index_select(0, rows));
  }
  return at::stack(all);
}

std::array<double, kMarginBins> histogram(const double* values, std::int64_t count, double low,
                                          double width) {
  std::array<double, kMarginBins> bins{};
  const double bin_count = static_cast<double>(kMarginBins);
  for (std::int64_t i = 0; i < count; ++i) {
    const double bin = std::floor((values[i] - low) / width * bin_count);
    bins[static_cast<std::size_t>(std::clamp(bin, 0.0, bin_count - 1))] += 1;
  }
  for (double& bin : bins) {
    bin = (bin / static_cast<double>(count) + kSmoothing) / (1 + bin_count * kSmoothing);
  }
  return bins;
}

// klom of every row; not a number where a value is not finite.
std::vector<double> klom(const Tensor& models, const Tensor& oracles) {
  const Tensor p_values = models.t().contiguous(), q_values = oracles.t().contiguous();
  const std::int64_t rows = p_values.size(0), p_count = p_values.size(1),
                     q_count = q_values.size(1);
  std::vector<double> result;
  for (std::int64_t row = 0; row < rows; ++row) {
    const double* p = p_values.data_ptr<double>() + row * p_count;
    const double* q = q_values.data_ptr<double>() + row * q_count;
    const auto finite = [](double value) { return std::isfinite(value); };
    if (!std::all_of(p, p + p_count, finite) || !std::all_of(q, q + q_count, finite)) {
      result.push_back(std::numeric_limits<double>::quiet_NaN());
      continue;
    }
    const double low =
        std::min(*std::min_element(p, p + p_count), *std::min_element(q, q + q_count));
    const double width =
        std::max(*std::max_element(p, p + p_count), *std::max_element(q, q + q_count)) - low;
    double sum = 0;
    if (width > 0) {
      const auto a = histogram(p, p_count, low, width), b = histogram(q, q_count, low, width);
      for (std::size_t bin = 0; bin < kMarginBins; ++bin) sum += a[bin] * std::log(a[bin] / b[bin]);
    }
    result.push_back(std::max(sum, 0.0));
  }
  return result;
}

double mean(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

// With linear interpolation between the order statistics.
double percentile(std::vector<double> values, double share) {
  for (const double value : values) {
    if (std::isnan(value)) return value;
  }
  std::sort(values.begin(), values.end());
  const double position = share * static_cast<double>(values.size() - 1);
  const auto below = static_cast<std::size_t>(position);
  const std::size_t above = std::min(below + 1, values.size() - 1);
  const double weight = position - static_cast<double>(below);
  return values[below] + weight * (values[above] - values[below]);
}

std::vector<MetricValue> compute_klom(const PopulationInput& input) {
  std::vector<MetricValue> values;
  if (!input.evaluation.is_classification() || input.models.size() < 2 ||
      input.oracles.size() < 2) {
    return values;
  }
  const std::vector<const ModelOutcome*> controls = input.controls();
  for (const NamedRows& set : input.evaluation.sets) {
    const Tensor reference = confidences(input.oracles, set.rows);
    const std::vector<double> own = klom(confidences(input.models, set.rows), reference);
    values.push_back({"klom/" + set.name, mean(own)});
    values.push_back({"klom_95/" + set.name, percentile(own, 0.95)});
    if (controls.size() > 1) {
      values.push_back(
          {"klom_bias/" + set.name, mean(klom(confidences(controls, set.rows), reference))});
    }
  }
  return values;
}

}  // namespace

Metric klom_metric() {
  return {
      .name = "klom",
      .summary = "KL divergence of the margins' distribution from the oracles', by example",
      .source = "Georgiev et al. 2024, KLOM, appendix E.1",
      .columns =
          {{.name = "klom",
            .heading = "KLOM",
            .range = "[0, 11.52] nats",
            .definition =
                "Mean over the set's examples of KL(p || q), p and q histograms of ln p_y - ln(1 - "
                "p_y) over the row's models (one of each training seed) and over half of the "
                "oracles: 20 bins of equal width from the lowest to the highest value of both, the "
                "highest in the last bin; p_b = (share in bin b + 1e-5) / (1 + 20e-5), q_b alike; "
                "0 where all values are equal. It is above 0 for two samples of one distribution: "
                "compare with klom_bias. Left out with fewer than two models or three oracles.",
            .resolution = 0.01},
           {.name = "klom_95",
            .heading = "KLOM 95 %",
            .range = "[0, 11.52] nats",
            .definition = "95th percentile of klom over the set's examples, with linear "
                          "interpolation.",
            .resolution = 0.01,
            .detail = true},
           {.name = "klom_bias",
            .heading = "KLOM bias",
            .range = "[0, 11.52] nats",
            .definition = "klom of as many oracles as the row has models, at most half "
                          "of them, against the other half: what histograms of so few "
                          "models show where nothing differs. Left out with fewer than "
                          "four oracles.",
            .resolution = 0.01}},
      .compute_population = compute_klom};
}

}  // namespace oubli
