// Mean loss on each set, without the regulariser, in nats for cross-entropy. Of sequences it is the
// loss of their answers, a mean over each answer's tokens; of all tokens see token_loss.cpp.
#include <ATen/ATen.h>

#include "core/evaluate/metric.h"

namespace oubli {
namespace {

std::vector<MetricValue> compute_loss(const MetricInput& input) {
  std::vector<MetricValue> values;
  for (const NamedRows& set : input.evaluation.sets) {
    const Tensor losses = input.predictions().losses().index_select(0, set.rows);
    values.push_back({"loss/" + set.name, losses.mean().item<double>()});
  }
  return values;
}

}  // namespace

Metric loss_metric() {
  return {.name = "loss",
          .summary = "mean loss on each set",
          .source = "the loss of the training objective, without its regulariser",
          .columns = {{.name = "loss",
                       .heading = "loss",
                       .range = "[0, inf), nats for classes",
                       .definition = "Mean of -ln p_y over the set, or of half the squared error, "
                                     "||f - y||^2 / 2, of a regression. Of sequences the mean of "
                                     "-ln p over the tokens of each answer (all tokens: "
                                     "token_loss).",
                       .resolution = 1e-3,
                       .above = AboveMeans::kMisfits}},
          .compute = compute_loss};
}

}  // namespace oubli
