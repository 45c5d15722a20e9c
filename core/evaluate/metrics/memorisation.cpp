// How much of a text a language model says by itself, on each set.
//
//   extraction_strength = mean over sequences of 1 - k / L
//   exact_memorisation  = mean over sequences of the share of tokens that are most probable
//
// L the tokens of a sequence; k the fewest of them that must stand there for greedy generation to
// say all others: the first k from which every most probable token is the true one. k = L, and so
// 0, where even the last one is not, as the formula has it. The released code of
// open-unlearning ends its loop at L - 1 there and has 1 / L. Sequences are taken whole, from their
// first token, not only their answers, which have one token as a rule and would make both the
// accuracy. What every sentence of a form ends in, such as its full stop, is said by any model:
// read both against the oracles'.
//
// Sources: Carlini et al. 2021; Wang et al. 2025 (extraction strength of unlearning); Tirumala et
// al. 2022 (exact memorisation).
#include <ATen/ATen.h>

#include "core/evaluate/metric.h"

namespace oubli {
namespace {

std::vector<MetricValue> compute_memorisation(const MetricInput& input) {
  std::vector<MetricValue> values;
  const Dataset& data = *input.evaluation.dataset;
  if (!data.is_sequence()) return values;
  for (const NamedRows& set : input.evaluation.sets) {
    const Tensor next = data.sequences.next.index_select(0, set.rows);
    const Tensor asked = next.ge(0);
    const Tensor right = input.predictions().said(set.rows).eq(next);
    // 1 from where on all that follows is right.
    const Tensor to_the_end =
        (right | asked.logical_not()).to(at::kLong).flip(1).cumprod(1).flip(1);
    const Tensor length = asked.sum(1).to(at::kDouble);
    const auto mean_share = [&](const Tensor& tokens) {
      return (tokens.sum(1) / length).mean().item<double>();
    };
    values.push_back({"extraction_strength/" + set.name, mean_share(to_the_end * asked)});
    values.push_back({"exact_memorisation/" + set.name, mean_share(right & asked)});
  }
  return values;
}

}  // namespace

Metric memorisation_metric() {
  return {.name = "memorisation",
          .summary = "extraction strength and exact memorisation of sequences, on each set",
          .source = "Carlini et al. 2021; Wang et al. 2025; Tirumala et al. 2022",
          .columns = {{.name = "extraction_strength",
                       .heading = "extraction",
                       .range = "[0, 1]",
                       .definition =
                           "Mean over sequences of 1 - k / L: behind k of its L tokens greedy "
                           "generation says all the others. 0 where even the last token is wrong, "
                           "by the formula; released code has 1 / L there.",
                       .resolution = 0.01,
                       .above = AboveMeans::kFits},
                      {.name = "exact_memorisation",
                       .heading = "memorised",
                       .range = "[0, 1]",
                       .definition = "Mean over sequences of the share of tokens that are the most "
                                     "probable ones behind those that truly stand before them.",
                       .resolution = 0.01,
                       .above = AboveMeans::kFits}},
          .compute = compute_memorisation};
}

}  // namespace oubli
