// The membership attack of the NeurIPS 2023 unlearning challenge's starter kit: logistic regression
// on the loss tells the edited set from as many test examples (of the same classes). The value is
// the mean accuracy on the held-out tenth of 10 stratified random splits. The splits are drawn from
// this toolkit's generator, so they are not those that scikit-learn would draw.
//
// The attack is two-sided: it may learn that a low loss says "edited", or that a high loss does. So
// a value above the oracle's says that the set is told apart, and not in which direction; the AUC
// of the loss attack (membership.cpp) says that.
#include <ATen/ATen.h>

#include <cmath>

#include "core/evaluate/attacks/comparison.h"
#include "core/evaluate/attacks/logistic_regression.h"
#include "core/evaluate/metric.h"

namespace oubli {
namespace {

constexpr int kSplits = 10;
constexpr double kTestFraction = 0.1;

std::vector<MetricValue> compute(const MetricInput& input) {
  std::vector<MetricValue> values;
  const Evaluation& evaluation = input.evaluation;
  const Tensor* test = evaluation.rows("test");
  if (test == nullptr) return values;
  const Tensor& losses = input.predictions().losses();
  const Generator generator = Generator(evaluation.seed).stream("mia_logistic");
  for (const NamedRows& set : evaluation.sets) {
    if (set.name != "forget" && set.name != "added") continue;
    const Tensor outside = rows_of_same_classes(*evaluation.dataset, *test, set.rows);
    const std::int64_t count = std::min(set.rows.numel(), outside.numel());
    if (count < 2) continue;  // nothing to train on or nothing to judge on
    const Tensor edited_losses =
        losses.index_select(0, draw_rows(set.rows, count, generator.stream("edited")));
    const Tensor outside_losses =
        losses.index_select(0, draw_rows(outside, count, generator.stream("outside")));
    // Of each class, so the split is stratified.
    const auto held = static_cast<std::int64_t>(std::ceil(kTestFraction * count - 1e-9));
    const Tensor train_labels = at::arange(2 * (count - held)).lt(count - held);
    const Tensor held_labels = at::arange(2 * held).lt(held);
    Generator splits = generator.stream("splits");
    double sum = 0;
    // A model that diverged has no accuracy.
    if (!at::cat({edited_losses, outside_losses}).isfinite().all().item<bool>()) continue;
    for (int split = 0; split < kSplits; ++split) {
      const Tensor first = edited_losses.index_select(0, splits.permutation(count));
      const Tensor second = outside_losses.index_select(0, splits.permutation(count));
      const auto part = [&](std::int64_t begin, std::int64_t end) {
        return at::cat({first.slice(0, begin, end), second.slice(0, begin, end)}).unsqueeze(1);
      };
      const LogisticRegression fit = fit_logistic_regression(part(held, count), train_labels);
      const Tensor called = fit.decision(part(0, held)).gt(0);
      sum += called.eq(held_labels).to(at::kDouble).mean().item<double>();
    }
    values.push_back({"mia_logistic/" + set.name, sum / kSplits});
  }
  return values;
}

}  // namespace

Metric mia_logistic_metric() {
  return {.name = "mia_logistic",
          .summary = "held-out accuracy of logistic regression on losses, edited set against test",
          .source = "NeurIPS 2023 machine unlearning challenge, starter kit",
          .columns = {{.name = "mia_logistic",
                       .heading = "logistic attack",
                       .group = Group::kPrivacy,
                       .range = "[0, 1]",
                       .definition = "Mean accuracy, over 10 stratified splits with a tenth held "
                                     "out, of logistic regression (C = 1) that tells losses of the "
                                     "edited set from those of as many test examples of the same "
                                     "classes. 0.5 tells nothing apart. Two-sided: a value above "
                                     "the oracle's does not say whether losses are too low or too "
                                     "high.",
                       .resolution = 0.01,
                       .detail = true}},
          .compute = compute};
}

}  // namespace oubli
