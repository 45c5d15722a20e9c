// The membership attack of the NeurIPS 2023 unlearning challenge's starter kit: logistic regression
// on the loss, cross-validated, tells the edited set from as many unseen examples of its classes.
//
// Ten stratified folds (as many as there are examples of a side, where those are fewer), where the
// starter kit draws ten random tenths: each example is judged once, by a fit that has not seen it.
// The attack is two-sided, since it may learn that a low loss says "edited" or that a high one
// does: a value above the oracles' says that the set is told apart, and the AUC of the loss attack
// (membership.cpp) in which direction.
#include <ATen/ATen.h>

#include <limits>

#include "core/evaluate/attacks/logistic_regression.h"
#include "core/evaluate/attacks/samples.h"
#include "core/evaluate/metric.h"

namespace oubli {
namespace {

constexpr std::int64_t kFolds = 10;

double cross_validated_accuracy(const Tensor& edited, const Tensor& unseen) {
  const std::int64_t count = edited.numel();
  const std::int64_t folds = std::min(kFolds, count);
  double sum = 0;
  for (std::int64_t k = 0; k < folds; ++k) {
    const CrossFold fold = fold_of(count, folds, k);
    const auto features = [&](const Tensor& positions) {
      return at::cat({edited.index_select(0, positions), unseen.index_select(0, positions)})
          .unsqueeze(1);
    };
    const auto labels = [](const Tensor& positions) {
      return at::arange(2 * positions.numel()).lt(positions.numel());
    };
    const LogisticRegression fit =
        fit_logistic_regression(features(fold.fitted), labels(fold.fitted));
    sum += fit.decision(features(fold.judged))
               .gt(0)
               .eq(labels(fold.judged))
               .to(at::kDouble)
               .mean()
               .item<double>();
  }
  return sum / static_cast<double>(folds);
}

std::vector<MetricValue> compute_mia_logistic(const MetricInput& input) {
  const Evaluation& evaluation = input.evaluation;
  const NamedRows* edited = evaluation.edited();
  if (edited == nullptr) return {};
  const Tensor outside = evaluation.unseen_rows_like(edited->rows);
  const std::int64_t count =
      outside.defined() ? std::min(edited->rows.numel(), outside.numel()) : 0;
  if (count < 2) return {};  // nothing to fit or nothing to judge
  const Tensor& losses = input.predictions().losses();
  const Tensor own = losses.index_select(0, evenly_spaced(edited->rows, count));
  const Tensor unseen = losses.index_select(0, evenly_spaced(outside, count));
  const bool finite = at::cat({own, unseen}).isfinite().all().item<bool>();
  return {{"mia_logistic", finite ? cross_validated_accuracy(own, unseen)
                                  : std::numeric_limits<double>::quiet_NaN()}};
}

}  // namespace

Metric mia_logistic_metric() {
  return {
      .name = "mia_logistic",
      .summary = "cross-validated logistic regression on losses, edited set against unseen",
      .source = "NeurIPS 2023 machine unlearning challenge, starter kit",
      .columns = {{.name = "mia_logistic",
                   .heading = "logistic attack",
                   .group = ColumnGroup::kPrivacy,
                   .range = "[0, 1]",
                   .definition =
                       "Mean accuracy over 10 folds of logistic regression (C = 1, the intercept "
                       "not penalised) that tells losses of the edited set from those of as many "
                       "unseen examples (held out, else test) of the same classes: of the side "
                       "with more, the i-th of c from n is floor(i n / c), and the i-th of either "
                       "side is judged in fold i mod 10 (mod c where c is less) by a fit on the "
                       "other folds. 0.5 tells nothing apart; it says no direction.",
                   .resolution = 0.01}},
      .compute = compute_mia_logistic};
}

}  // namespace oubli
