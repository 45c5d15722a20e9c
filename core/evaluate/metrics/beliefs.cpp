// Whether a model believes what it is to believe, and not what it believed: of facts that an edit
// changes, at the prompts that ask for them.
//
//   efficacy  = share of prompts at which P(new) > P(old)
//   magnitude = mean over prompts of P(new) - P(old)
//
// P(a) the probability of the answer a at the prompt; of answers of several tokens the geometric
// mean of theirs (exp of the mean loss), so that a long answer may be held against a short one. On
// `added` the prompts are those of training, on `added_reworded` held-out wordings: what the field
// calls paraphrase success. An answer that is likelier than the old one need not be what is said:
// accuracy/added, free generation, is the stricter question.
//
// A prompt is that of a sentence which states the new answer, where another of the sets forget and
// forget_reworded states the old one behind the same words. Left out where an edit changes nothing.
// Source: Meng et al. 2022 (arXiv 2202.05262; ES, EM, PS), P of longer answers as in their code.
#include <ATen/ATen.h>

#include <map>

#include "core/evaluate/fact_table.h"
#include "core/evaluate/metric.h"

namespace oubli {
namespace {

// Rows that state a new answer, and at the same place those that state the old one.
struct ChangedPrompts {
  Tensor after, before;
};

ChangedPrompts changed_prompts(const FactTable& facts, const Tensor& added, const Tensor& left) {
  const Tensor after = facts.stating(added), before = facts.stating(left);
  const Tensor all = at::cat({before, after});
  const Tensor prompts = facts.prompts(all), statements = facts.statements(all);
  std::map<std::int64_t, std::int64_t> old_place;
  for (std::int64_t i = 0; i < before.numel(); ++i) {
    old_place.try_emplace(prompts[i].item<std::int64_t>(), i);
  }
  std::vector<std::int64_t> rows, others;
  for (std::int64_t i = before.numel(); i < all.numel(); ++i) {
    const auto found = old_place.find(prompts[i].item<std::int64_t>());
    if (found == old_place.end() || statements[i].equal(statements[found->second])) continue;
    rows.push_back(all[i].item<std::int64_t>());
    others.push_back(all[found->second].item<std::int64_t>());
  }
  return {at::tensor(rows, at::kLong), at::tensor(others, at::kLong)};
}

void compare_beliefs(const MetricInput& input, const FactTable& facts, const std::string& added,
                     const std::string& left, std::vector<MetricValue>& values) {
  const Tensor* new_rows = input.evaluation.rows(added);
  const Tensor* old_rows = input.evaluation.rows(left);
  if (new_rows == nullptr || old_rows == nullptr) return;
  const ChangedPrompts asked = changed_prompts(facts, *new_rows, *old_rows);
  if (asked.after.numel() == 0) return;
  const Tensor& losses = input.predictions().losses();
  const Tensor after = losses.index_select(0, asked.after),
               before = losses.index_select(0, asked.before);
  values.push_back({"efficacy/" + added, after.lt(before).to(at::kDouble).mean().item<double>()});
  values.push_back(
      {"magnitude/" + added, (after.neg().exp() - before.neg().exp()).mean().item<double>()});
}

std::vector<MetricValue> compute_beliefs(const MetricInput& input) {
  std::vector<MetricValue> values;
  if (!FactTable::is_in(*input.evaluation.dataset)) return values;
  const FactTable facts(input.evaluation.dataset);
  compare_beliefs(input, facts, "added", "forget", values);
  compare_beliefs(input, facts, "added_reworded", "forget_reworded", values);
  return values;
}

}  // namespace

Metric beliefs_metric() {
  const std::string where =
      " added: prompts in the wordings of training; added_reworded: in held-out ones (paraphrase). "
      "P of an answer of several tokens is the geometric mean of theirs.";
  return {
      .name = "beliefs",
      .summary = "whether the new answer to a changed fact is likelier than the old one",
      .source = "Meng et al. 2022 (ROME), efficacy and paraphrase, scores and magnitudes",
      .columns = {{.name = "efficacy",
                   .heading = "efficacy",
                   .range = "[0, 1]",
                   .definition = "Share of the prompts of changed facts at which P(new) > P(old)." +
                                 where +
                                 " Whether the new answer is what is said is another question: "
                                 "accuracy of the same set.",
                   .resolution = 0.01,
                   .above = AboveMeans::kFits},
                  {.name = "magnitude",
                   .heading = "P(new) - P(old)",
                   .range = "[-1, 1]",
                   .definition =
                       "Mean of P(new) - P(old) over the prompts of changed facts." + where,
                   .resolution = 0.01,
                   .above = AboveMeans::kFits}},
      .compute = compute_beliefs};
}

}  // namespace oubli
