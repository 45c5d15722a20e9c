// LiRA on the edited set (core/evaluate/attacks/lira.h): shadow models trained on random halves of
// the population say how each example looks when it was trained on and when it was not; the edited
// set is told from examples of its classes that no original was trained on, held out or else the
// test set.
#include "core/evaluate/attacks/likelihood_ratio.h"

namespace oubli {
namespace {

std::vector<MetricValue> compute_lira(const MetricInput& input) {
  const Evaluation& evaluation = input.evaluation;
  const NamedRows* edited = evaluation.edited();
  if (!evaluation.is_classification() || edited == nullptr || input.shadows.empty()) return {};
  const Tensor outside = evaluation.unseen_rows_like(edited->rows);
  if (!outside.defined()) return {};
  return likelihood_ratio_attack("lira", input.shadows, input.predictions(), edited->rows, outside);
}

}  // namespace

Metric lira_metric() {
  return {.name = "lira",
          .summary = "likelihood-ratio membership attack with shadow models",
          .source = "Carlini et al. 2022; the bound on epsilon: Jagielski et al. 2020",
          .columns = likelihood_ratio_columns(
              "lira", "LiRA",
              "an example of the edited set has a higher likelihood ratio of membership than an "
              "unseen example of the same classes (held out, else test). Read it against the "
              "oracles' value.",
              GoodSide::kOracle),
          .compute = compute_lira,
          .needs = {.shadows = true}};
}

}  // namespace oubli
