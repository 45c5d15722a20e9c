// How many bits of a world of facts a language model holds.
//
//   bits(fact) = mean over its sentences of max(0, log2 V - nll / ln 2)
//   learnt_bits = sum of bits over the facts of a set
//   bits_in_all = the same over all facts that training states: kept, forgotten and added
//
// nll the loss of the whole object, given what stands before it, in nats; V the different objects
// that the fact's relation has in the data set. Objects are drawn uniformly, so that a model that
// knows nothing has 0 or little more (what is below chance counts as 0, and so scatter counts), and
// one that knows all has log2 V a fact: the most that there is. A sentence that is known in four of
// five wordings counts four fifths.
//
// Source: Allen-Zhu and Li 2024 (arXiv 2404.05405), who count the names as well and have a lower
// bound for all of a model's knowledge; this is its part that is about the objects, by sentence.
#include <ATen/ATen.h>

#include <numbers>

#include "core/evaluate/fact_table.h"
#include "core/evaluate/metric.h"

namespace oubli {
namespace {

double bits_of(const MetricInput& input, const FactTable& facts, const Tensor& rows) {
  const Tensor size =
      input.evaluation.dataset->sequences.answer_size.index_select(0, rows).to(at::kDouble);
  const Tensor nll = input.predictions().losses().index_select(0, rows) * size;
  const Tensor most = facts.choices(rows).to(at::kDouble).log2();
  const Tensor bits = (most - nll / std::numbers::ln2).clamp_min(0);
  return facts.by_statement(rows).mean(bits).sum().item<double>();
}

std::vector<MetricValue> compute_learnt_bits(const MetricInput& input) {
  std::vector<MetricValue> values;
  if (!FactTable::is_in(*input.evaluation.dataset)) return values;
  const FactTable facts(input.evaluation.dataset);
  Tensor stated = at::empty({0}, at::kLong);
  for (const NamedRows& set : input.evaluation.sets) {
    const Tensor rows = facts.stating(set.rows);
    if (rows.numel() == 0) continue;
    values.push_back({"learnt_bits/" + set.name, bits_of(input, facts, rows)});
    const bool is_trained = set.name == "retain" || set.name == "forget" || set.name == "unknown" ||
                            set.name == "added";
    if (is_trained) stated = rows_union(stated, rows);
  }
  if (stated.numel() > 0) values.push_back({"bits_in_all", bits_of(input, facts, stated)});
  return values;
}

}  // namespace

Metric learnt_bits_metric() {
  const std::string of_fact =
      "mean over a fact's sentences of max(0, log2 V - nll / ln 2), nll the loss of the whole "
      "object in nats and V the different objects that its relation has in the data set: 0 for "
      "chance and below, log2 V for what is known";
  return {
      .name = "learnt_bits",
      .summary = "bits of the facts of each set, and of all, that a language model holds",
      .source = "Allen-Zhu and Li 2024 (arXiv 2404.05405)",
      .columns = {{.name = "learnt_bits",
                   .heading = "bits",
                   .range = "[0, sum of log2 V] bits",
                   .definition = "Sum over the set's facts of the " + of_fact +
                                 ". What scatters about chance counts where it is above, so "
                                 "that oracles have a little of what they never saw.",
                   .resolution = 1,
                   .above = AboveMeans::kFits},
                  {.name = "bits_in_all",
                   .heading = "bits in all",
                   .group = ColumnGroup::kUtility,
                   .range = "[0, sum of log2 V] bits",
                   .definition = "Sum over all facts that stay, leave or enter, in the wordings "
                                 "of training, of the " +
                                 of_fact + ": what the model's parameters hold of them.",
                   .resolution = 1}},
      .compute = compute_learnt_bits};
}

}  // namespace oubli
