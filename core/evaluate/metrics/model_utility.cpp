// TOFU's model utility: what is left of a language model's use, in one number that is 0 where
// anything is lost altogether.
//
//   model_utility = harmonic mean of
//     probability   mean of P(answer)^(1/tokens)      on retain (facts), test and text
//     ROUGE-L       mean recall of generated answers  on retain (facts), test and text
//     truth score   mean of max(0, 1 - R)             on retain (facts) and test
//
// eight numbers, or as many as there are of them: text that states no fact has no wrong answers,
// and a world without it has six. TOFU has retained authors, real authors and world facts. ROUGE-L
// recall is the longest common subsequence of what greedy generation says and the answer, over the
// answer's tokens (Lin 2004): of answers of one token whether it is said. Generation ends with as
// many tokens as the answer has. Test holds the facts that the edit is not about, in held-out
// wordings. What follows in running text is known to one of a few, so that the best value is well
// below 1: read it against the oracles'.
//
// Source: Maini et al. 2024 (arXiv 2401.06121).
#include <ATen/ATen.h>

#include <algorithm>

#include "core/evaluate/metric.h"
#include "core/evaluate/truth_ratios.h"

namespace oubli {
namespace {

double harmonic_mean(const std::vector<double>& values) {
  double inverse = 0;
  for (const double value : values) {
    if (value <= 0) return 0;
    inverse += 1 / value;
  }
  return static_cast<double>(values.size()) / inverse;
}

// Tokens of the longest common subsequence of two lists.
std::int64_t common_tokens(const std::int64_t* a, std::int64_t a_count, const std::int64_t* b,
                           std::int64_t b_count) {
  std::vector<std::int64_t> longest(static_cast<std::size_t>(b_count) + 1, 0);  // up to each of b
  for (std::int64_t i = 0; i < a_count; ++i) {
    std::int64_t before = 0;  // of what stands before both
    for (std::int64_t j = 0; j < b_count; ++j) {
      std::int64_t& here = longest[static_cast<std::size_t>(j) + 1];
      const std::int64_t above = here;
      here = a[i] == b[j] ? before + 1 : std::max(here, longest[static_cast<std::size_t>(j)]);
      before = above;
    }
  }
  return longest.back();
}

double rouge_l_recall(const Predictions& predictions, const Tensor& rows) {
  const Sequences& sequences = predictions.dataset().sequences;
  const Tensor said = predictions.generated(rows).contiguous();
  const Tensor next = sequences.next.index_select(0, rows).contiguous();
  const Tensor begins = sequences.answer_begin.index_select(0, rows).contiguous();
  const Tensor sizes = sequences.answer_size.index_select(0, rows).contiguous();
  double sum = 0;
  for (std::int64_t i = 0; i < rows.numel(); ++i) {
    const std::int64_t size = sizes.const_data_ptr<std::int64_t>()[i];
    const std::int64_t* answer = next.const_data_ptr<std::int64_t>() + i * next.size(1) +
                                 begins.const_data_ptr<std::int64_t>()[i];
    const std::int64_t common =
        common_tokens(said.const_data_ptr<std::int64_t>() + i * said.size(1), size, answer, size);
    sum += static_cast<double>(common) / static_cast<double>(size);
  }
  return sum / static_cast<double>(rows.numel());
}

std::vector<MetricValue> compute_model_utility(const MetricInput& input) {
  const Evaluation& evaluation = input.evaluation;
  if (!FactTable::is_in(*evaluation.dataset)) return {};
  const FactTable facts(evaluation.dataset);
  const Predictions& predictions = input.predictions();
  std::vector<double> parts;
  for (const char* name : {"retain", "test", "text"}) {
    const Tensor* set = evaluation.rows(name);
    if (set == nullptr) continue;
    const bool has_facts = std::string(name) != "text";
    const Tensor rows = has_facts ? facts.stating(*set) : *set;
    if (rows.numel() == 0) continue;
    parts.push_back(predictions.confidence().index_select(0, rows).mean().item<double>());
    parts.push_back(rouge_l_recall(predictions, rows));
    if (!has_facts) continue;
    if (const auto score = truth_score(predictions, facts, rows)) parts.push_back(*score);
  }
  if (parts.empty()) return {};
  return {{"model_utility", harmonic_mean(parts)}};
}

}  // namespace

Metric model_utility_metric() {
  return {
      .name = "model_utility",
      .summary = "TOFU's model utility of a language model",
      .source = "Maini et al. 2024 (TOFU)",
      .columns = {{.name = "model_utility",
                   .heading = "utility",
                   .group = ColumnGroup::kUtility,
                   .range = "[0, 1]",
                   .definition =
                       "Harmonic mean of three numbers on the facts of retain, on test (facts that "
                       "the edit is not about, in held-out wordings) and, without the third, on "
                       "text: the mean probability of an answer (of several tokens the geometric "
                       "mean of theirs), the mean ROUGE-L recall of what greedy generation says in "
                       "its place (of one token whether it is said), and truth_score. 0 where one "
                       "of them is 0. What running text says next is known to one of a few, so "
                       "that the oracles' value is the most there is, not 1.",
                   .resolution = 0.005,
                   .above = AboveMeans::kFits}},
      .compute = compute_model_utility};
}

}  // namespace oubli
