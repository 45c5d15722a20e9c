// How far an edited language model is from the retrained ones over everything that can be asked, in
// one number, whose unit is how far two retrained models are from each other.
//
//   oracle_distance = mean_j d(q_j, p) / mean_{j != k} d(q_j, q_k),
//   d(q, p) = mean over prompts of KL(q || p)
//
// p the model's distribution of the next word where an answer begins, q_j that of oracle j of J;
// the mean below is over all ordered pairs of different oracles. Prompts are all that ask for a
// fact: of what stays, leaves or enters and of every set that is held out from training for the
// edit's sake, in wordings of training and others, each once. So what an edit did to the fact
// itself, to its subject, to its neighbours and to all others counts by how many prompts there are
// of each. 1 is as another oracle; the row of the originals says what doing nothing has.
//
// An oracle is held against the others, and its unit is their distance to one another: nothing that
// it is part of, which would draw it to 1. With d(q_j, q_k) = m + f_j + f_k its value is to first
// order 1 + (f_k - mean f) J / ((J - 1) m): it scatters as J independent values would, and J / (J -
// 1) times as much, so that it needs no leave_one_out (statistics/equivalence.h), which spreads
// distances that share pairs, and verdicts are a little cautious. Simulated with models as points
// of a Gaussian cloud in 3 to 200 dimensions, S = 8, J = 3, 4 and 8, `different` at delta = 0 and
// alpha = 5 %: 2.4 to 4.3 %. A unit of few pairs is uncertain, and the mean of a ratio above 1
// where it is: with three oracles 1.01 in 200 dimensions, 1.1 in 20. It takes two oracles, and
// three for their own row.
//
// The unit is that of layer_distance.cpp; no publication has this number, since none has oracles.
// Cost: J (J + 1) products of distributions over the vocabulary for each prompt.
#include <ATen/ATen.h>

#include "core/evaluate/fact_table.h"
#include "core/evaluate/metric.h"
#include "core/evaluate/prompt_divergences.h"

namespace oubli {
namespace {

std::vector<MetricValue> compute_oracle_distance(const MetricInput& input) {
  if (!FactTable::is_in(*input.evaluation.dataset) || input.oracles.size() < 2) return {};
  const Tensor prompts = fact_prompts(input.evaluation);
  if (prompts.numel() == 0) return {};
  const PromptDivergences sums = prompt_divergences(input.oracles, input.predictions(), prompts);
  if (!sums.unit) return {};
  return {{"oracle_distance", sums.to_model.mean().item<double>() / *sums.unit}};
}

}  // namespace

Metric oracle_distance_metric() {
  return {
      .name = "oracle_distance",
      .summary = "distance to the oracles over all prompts, in units of oracle to oracle",
      .source = "KL over all prompts about facts; unit: the mean over pairs of oracles",
      .columns = {{.name = "oracle_distance",
                   .heading = "to oracle",
                   .group = ColumnGroup::kPrivacy,
                   .range = "[0, inf) oracle distances",
                   .definition =
                       "Mean over oracles and prompts of KL(q || p), q an oracle's distribution "
                       "of an answer's first word and p the model's, over its mean between two "
                       "different oracles. Prompts: all that ask for a fact, of every set but "
                       "held_out and validation, in wordings of training and others, each once. "
                       "1 is as another oracle; the original's value is that of doing nothing. "
                       "An oracle is held against the others in units of their distance to one "
                       "another, which takes three; other rows take two.",
                   .resolution = 0.01}},
      .compute = compute_oracle_distance};
}

}  // namespace oubli
