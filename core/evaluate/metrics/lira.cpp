// LiRA on the edited set (core/evaluate/attacks/lira.h): shadow models trained on random halves of
// the population say how each example looks when it was trained on and when it was not; the edited
// set is told from examples of its classes that no original was trained on, held out or else the
// test set.
#include "core/evaluate/attacks/likelihood_ratio.h"

namespace oubli {

std::optional<RatioScores> lira_scores(const MetricInput& input) {
  const Evaluation& evaluation = input.evaluation;
  const NamedRows* edited = evaluation.edited();
  if (!evaluation.is_classification() || edited == nullptr || input.shadows.empty()) return {};
  const Tensor outside = evaluation.unseen_rows_like(edited->rows);
  if (!outside.defined()) return {};
  return likelihood_ratio_scores(input.shadows, input.predictions(), edited->rows, outside);
}

namespace {

std::vector<MetricValue> compute_lira(const MetricInput& input) {
  const std::optional<RatioScores> scores = lira_scores(input);
  if (!scores) return {};
  return likelihood_ratio_values("lira", *scores, input.model.claim);
}

}  // namespace

Metric lira_metric() {
  return {
      .name = "lira",
      .summary = "likelihood-ratio membership attack with shadow models",
      .source = "Carlini et al. 2022; the bound on epsilon: Jagielski et al. 2020",
      .columns = likelihood_ratio_columns(
          "lira", "LiRA",
          "an example of the edited set has a higher likelihood ratio of membership than an unseen "
          "example of the same classes (held out, else test). Read it against the oracles' value. "
          "The ratio is ln N(phi; mean, variance) of phi = ln p_y - ln(1 - p_y), by the shadow "
          "models that were trained on the example, minus that by the others. Each shadow model "
          "trains on half of the population, 2k and 2k + 1 on a half each. Where every example has "
          "64 shadow models or more on both sides the variances are its own (n - 1), else each "
          "side has one, the mean over all examples with two models or more on it; at least 1e-12.",
          GoodSide::kOracle),
      .compute = compute_lira,
      .needs = {.shadows = true},
      .version = 2};  // with a bound at a claim's delta
}

}  // namespace oubli
