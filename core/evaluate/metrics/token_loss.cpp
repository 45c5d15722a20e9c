// Mean loss of a language model's tokens on each set, all of them, not those of answers alone: nats
// for each token, whose exponential is the perplexity. Every token of the set counts alike, where
// training has the mean over sequences of their means. On `text` and `retain` it is what an edit
// did to the language as such.
#include <ATen/ATen.h>

#include "core/evaluate/metric.h"

namespace oubli {
namespace {

std::vector<MetricValue> compute_token_loss(const MetricInput& input) {
  std::vector<MetricValue> values;
  const Dataset& data = *input.evaluation.dataset;
  if (!data.is_sequence()) return values;
  for (const NamedRows& set : input.evaluation.sets) {
    const Tensor tokens = data.sequences.next.index_select(0, set.rows).ge(0).sum();
    const Tensor sum = input.predictions().token_losses(set.rows).sum();
    values.push_back({"token_loss/" + set.name, (sum / tokens).item<double>()});
  }
  return values;
}

}  // namespace

Metric token_loss_metric() {
  return {
      .name = "token_loss",
      .summary = "nats for each token, on each set: the logarithm of the perplexity",
      .source = "the loss of the training objective, over all tokens of a set alike",
      .columns = {{.name = "token_loss",
                   .heading = "nats/token",
                   .range = "[0, inf) nats",
                   .definition =
                       "Sum of -ln p over all tokens of the set's sequences, each behind what "
                       "truly stands before it, over their number. exp of it is the perplexity.",
                   .resolution = 1e-3,
                   .above = AboveMeans::kMisfits}},
      .compute = compute_token_loss};
}

}  // namespace oubli
