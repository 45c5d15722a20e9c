// Forgetting quality of the NeurIPS 2023 unlearning competition (Triantafillou et al. 2024): for
// each example of the edited set, the epsilon that the best of many attacks on the scaled
// confidence shows between the unlearned models and the oracles.
//
//   eps = max(0, ln((1 - delta - FPR) / FNR), ln((1 - delta - FNR) / FPR)),  delta = 1e-5
//
// FPR = FNR = 0 is 50; an attack with exactly one of them 0 is discarded. Attacks:
//   single  predict the group of the larger median where phi >= t, t between two observed values
//   double  predict the group of the smaller range where t_left <= phi <= t_right, both between two
//           observed values or outside all
// where the competition has grids. An example is 50 where the smaller range is less than 0.01 of
// the larger, and 0 where both groups are one same value. With N the smaller number of models,
// bins of width 0.5 up to ceil(ln(N - 1)) are worth 1, 1/2, 1/4, ..., and beyond them 0:
//
//   forgetting_quality = mean points,  forgetting_score = that * RA_u / RA_r * TA_u / TA_r
//
// from the mean accuracies of both groups on retain and test.
#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/evaluate/metric.h"

namespace oubli {
namespace {

constexpr std::size_t kFewest = 16;
constexpr double kDelta = 1e-5;
constexpr double kMost = 50;

// What one attack shows; nothing where it is discarded.
double epsilon(double fpr, double fnr) {
  if (fpr == 0 && fnr == 0) return kMost;
  if (fpr == 0 || fnr == 0) return 0;
  double result = 0;
  if (1 - kDelta - fpr > 0) result = std::max(result, std::log((1 - kDelta - fpr) / fnr));
  if (1 - kDelta - fnr > 0) result = std::max(result, std::log((1 - kDelta - fnr) / fpr));
  return std::min(result, kMost);
}

double median(const std::vector<double>& sorted) {
  const std::size_t n = sorted.size();
  return (sorted[(n - 1) / 2] + sorted[n / 2]) / 2;
}

// The largest epsilon between two sorted samples.
double example_epsilon(const std::vector<double>& unlearned, const std::vector<double>& retrained) {
  const double unlearned_range = unlearned.back() - unlearned.front();
  const double retrained_range = retrained.back() - retrained.front();
  const double larger = std::max(unlearned_range, retrained_range);
  if (larger == 0) return unlearned.front() == retrained.front() ? 0 : kMost;
  if (std::min(unlearned_range, retrained_range) / larger < 0.01) return kMost;

  // Shares of each group below every threshold that lies between two distinct values, with one
  // threshold below and one above all.
  std::vector<double> below_unlearned = {0}, below_retrained = {0};
  for (std::size_t i = 0, j = 0; i < unlearned.size() || j < retrained.size();) {
    const double value = j == retrained.size()   ? unlearned[i]
                         : i == unlearned.size() ? retrained[j]
                                                 : std::min(unlearned[i], retrained[j]);
    while (i < unlearned.size() && unlearned[i] == value) ++i;
    while (j < retrained.size() && retrained[j] == value) ++j;
    below_unlearned.push_back(static_cast<double>(i) / static_cast<double>(unlearned.size()));
    below_retrained.push_back(static_cast<double>(j) / static_cast<double>(retrained.size()));
  }

  double largest = 0;
  const bool unlearned_positive = median(unlearned) >= median(retrained);
  const auto& positive = unlearned_positive ? below_unlearned : below_retrained;
  const auto& negative = unlearned_positive ? below_retrained : below_unlearned;
  for (std::size_t t = 0; t < positive.size(); ++t) {
    largest = std::max(largest, epsilon(1 - negative[t], positive[t]));
  }
  const bool unlearned_peaked = unlearned_range <= retrained_range;
  const auto& peaked = unlearned_peaked ? below_unlearned : below_retrained;
  const auto& wide = unlearned_peaked ? below_retrained : below_unlearned;
  for (std::size_t left = 0; left < peaked.size(); ++left) {
    for (std::size_t right = left + 1; right < peaked.size(); ++right) {
      const double outside = peaked[left] + (1 - peaked[right]);
      largest = std::max(largest, epsilon(wide[right] - wide[left], outside));
    }
  }
  return largest;
}

// phi of each model on the rows, sorted for each row.
std::vector<std::vector<double>> sorted_confidences(const std::vector<const ModelOutcome*>& models,
                                                    const Tensor& rows) {
  std::vector<std::vector<double>> result(static_cast<std::size_t>(rows.numel()));
  for (const ModelOutcome* model : models) {
    const Tensor phi = model->predictions.scaled_confidence().index_select(0, rows).contiguous();
    for (std::size_t i = 0; i < result.size(); ++i) result[i].push_back(phi.data_ptr<double>()[i]);
  }
  for (auto& values : result) std::sort(values.begin(), values.end());
  return result;
}

// Not a number where a confidence is not finite.
double quality(const std::vector<const ModelOutcome*>& models,
               const std::vector<const ModelOutcome*>& oracles, const Tensor& rows) {
  for (const auto* group : {&models, &oracles}) {
    for (const ModelOutcome* model : *group) {
      const Tensor phi = model->predictions.scaled_confidence().index_select(0, rows);
      if (!phi.isfinite().all().item<bool>()) return std::numeric_limits<double>::quiet_NaN();
    }
  }
  const auto unlearned = sorted_confidences(models, rows),
             retrained = sorted_confidences(oracles, rows);
  const double fewer = static_cast<double>(std::min(models.size(), oracles.size()));
  const double bins = 2 * std::ceil(std::log(fewer - 1));
  double points = 0;
  for (std::size_t i = 0; i < unlearned.size(); ++i) {
    const double bin = std::floor(example_epsilon(unlearned[i], retrained[i]) / 0.5);
    if (bin < bins) points += std::exp2(-bin);
  }
  return points / static_cast<double>(unlearned.size());
}

double accuracy(const std::vector<const ModelOutcome*>& models, const Tensor& rows) {
  double sum = 0;
  for (const ModelOutcome* model : models) sum += model->predictions.accuracy(rows);
  return sum / static_cast<double>(models.size());
}

std::vector<MetricValue> compute_forgetting_quality(const PopulationInput& input) {
  const Evaluation& evaluation = input.evaluation;
  const NamedRows* edited = evaluation.edited();
  if (!evaluation.is_classification() || edited == nullptr || input.models.size() < kFewest ||
      input.oracles.size() < kFewest) {
    return {};
  }
  const double own = quality(input.models, input.oracles, edited->rows);
  std::vector<MetricValue> values = {{"forgetting_quality", own}};
  const Tensor* retain = evaluation.rows("retain");
  const Tensor* test = evaluation.rows("test");
  if (retain != nullptr && test != nullptr) {
    const double retained = accuracy(input.oracles, *retain);
    const double tested = accuracy(input.oracles, *test);
    if (retained > 0 && tested > 0) {
      values.push_back({"forgetting_score", own * accuracy(input.models, *retain) / retained *
                                                accuracy(input.models, *test) / tested});
    }
  }
  if (input.control_oracles.size() >= kFewest) {
    values.push_back(
        {"forgetting_quality_ceiling", quality(input.controls(), input.oracles, edited->rows)});
  }
  return values;
}

}  // namespace

Metric forgetting_quality_metric() {
  return {
      .name = "forgetting_quality",
      .summary = "the NeurIPS 2023 competition's forgetting quality and final score",
      .source = "Triantafillou et al. 2024, with thresholds between observed values",
      .columns =
          {{.name = "forgetting_quality",
            .heading = "F",
            .group = ColumnGroup::kPrivacy,
            .better = GoodSide::kHigher,
            .range = "[0, 1]",
            .definition =
                "Mean over the edited set of the points for epsilon, which is the largest over "
                "attacks on phi = ln p_y - ln(1 - p_y) of max(0, ln((1 - 1e-5 - FPR) / FNR), ln((1 "
                "- 1e-5 - FNR) / FPR)), the models' values against the oracles'. A single "
                "threshold says that phi >= t is of the group with the larger median (the models, "
                "where equal), a double one that t1 <= phi < t2 is of the group with the smaller "
                "range (the models, where equal), for all t between two observed values or beyond "
                "them. FPR = FNR = 0 is 50; one of them 0 shows nothing. An example whose smaller "
                "range is below 0.01 of the larger is 50, one with one value in both groups 0. "
                "Points: 1 below 0.5, 1/2 below 1, 1/4 below 1.5, and so on, 0 from ceil(ln(N - "
                "1)) on, N the smaller number of models. Needs 16 training seeds and 31 oracles "
                "(half of them are held against), and depends on N: compare it only at the same N, "
                "and with forgetting_quality_ceiling.",
            .resolution = 0.01},
           {.name = "forgetting_score",
            .heading = "F score",
            .group = ColumnGroup::kPrivacy,
            .better = GoodSide::kHigher,
            .range = "[0, inf)",
            .definition = "forgetting_quality times RA / RA of the oracles times TA / TA of the "
                          "oracles, the mean accuracies on retain and test: the competition's "
                          "final score.",
            .resolution = 0.01},
           {.name = "forgetting_quality_ceiling",
            .heading = "F ceiling",
            .group = ColumnGroup::kPrivacy,
            .better = GoodSide::kHigher,
            .range = "[0, 1]",
            .definition =
                "forgetting_quality of as many oracles as the row has models, at most the half "
                "that is set apart: what retraining itself gets. Needs 32 oracles.",
            .resolution = 0.01,
            .detail = true}},
      .compute_population = compute_forgetting_quality};
}

}  // namespace oubli
