#include "core/evaluate/prompt_divergences.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "core/evaluate/fact_table.h"

namespace oubli {
namespace {

constexpr std::int64_t kPromptsAtATime = 2048;

}  // namespace

Tensor fact_prompts(const Evaluation& evaluation) {
  const FactTable facts(evaluation.dataset);
  Tensor rows = at::empty({0}, at::kLong);
  for (const NamedRows& set : evaluation.sets) {
    if (set.name == "held_out" || set.name == "validation") continue;
    rows = rows_union(rows, facts.stating(set.rows));
  }
  return std::get<0>(at::_unique(facts.prompts(rows), /*sorted=*/true));
}

PromptDivergences prompt_divergences(const std::vector<const ModelOutcome*>& oracles,
                                     const Predictions& model, const Tensor& prompts) {
  const auto count = static_cast<std::int64_t>(oracles.size());
  Tensor cross = at::zeros({count, count + 1}, at::kDouble);  // sums of q_j ln (q_k or p)
  for (std::int64_t begin = 0; begin < prompts.numel(); begin += kPromptsAtATime) {
    const std::int64_t length = std::min(kPromptsAtATime, prompts.numel() - begin);
    const Tensor rows = prompts.narrow(0, begin, length);
    Tensors logs;
    for (const ModelOutcome* oracle : oracles) {
      logs.push_back(oracle->predictions.log_probabilities(rows).flatten());
    }
    logs.push_back(model.log_probabilities(rows).flatten());
    const Tensor all = at::stack(logs);
    cross += all.narrow(0, 0, count).exp().mm(all.t());
  }
  const Tensor own = cross.diagonal().unsqueeze(1);
  PromptDivergences sums{(own - cross.narrow(1, count, 1)).squeeze(1), std::nullopt};
  if (count < 2) return sums;
  const double between = (own - cross.narrow(1, 0, count)).sum().item<double>();
  const double unit = between / static_cast<double>(count * (count - 1));
  if (unit > 1e-12 * static_cast<double>(prompts.numel())) sums.unit = unit;
  return sums;
}

}  // namespace oubli
