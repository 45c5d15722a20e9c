#include "core/evaluate/truth_ratios.h"

#include <ATen/ATen.h>

#include <cmath>
#include <limits>

namespace oubli {
namespace {

// ln R of sentences of one relation, by the tokens that its objects begin with.
Tensor of_sentences(const Predictions& predictions, const Tensor& rows, const Tensor& tokens) {
  const Tensor all = predictions.log_probabilities(rows).index_select(1, tokens);
  const Tensor right = predictions.dataset().targets.index_select(0, rows);
  const Tensor is_right = tokens.unsqueeze(0).eq(right.unsqueeze(1));
  const double none = -std::numeric_limits<double>::infinity();
  const Tensor wrong = all.masked_fill(is_right, none).logsumexp(1) -
                       std::log(static_cast<double>(tokens.numel() - 1));
  return wrong - all.masked_select(is_right);
}

}  // namespace

Tensor log_truth_ratios(const Predictions& predictions, const FactTable& facts,
                        const Tensor& rows) {
  const Tensor stating = facts.stating(rows);
  const Tensor relations = facts.relations(stating);
  Tensors found, of_rows;
  for (std::int64_t relation = 0; relation < facts.relation_count(); ++relation) {
    const Tensor& tokens = facts.tokens(relation);
    const Tensor own = stating.index({relations.eq(relation)});
    if (own.numel() == 0 || tokens.numel() < 2) continue;
    of_rows.push_back(own);
    found.push_back(of_sentences(predictions, own, tokens));
  }
  if (found.empty()) return at::empty({0}, at::kDouble);
  return facts.by_statement(at::cat(of_rows)).mean(at::cat(found));
}

std::optional<double> truth_score(const Predictions& predictions, const FactTable& facts,
                                  const Tensor& rows) {
  const Tensor ratios = log_truth_ratios(predictions, facts, rows);
  if (ratios.numel() == 0) return std::nullopt;
  return (1 - ratios.exp()).clamp_min(0).mean().item<double>();
}

}  // namespace oubli
