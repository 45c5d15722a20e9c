// How far an edited language model is from the model that its original would have become: retrained
// from the same start, in the same order of batches, with the edit made in the text.
//
//   twin_distance = mean over prompts of KL(t || p) / mean_{j != k} d(q_j, q_k)
//
// t the twin's distribution of the next word where an answer begins, p the model's; prompts and
// unit as in oracle_distance.cpp, whose oracles start anew. A twin differs from its original by
// what the edit does to training and by nothing else where the order is shared (`train:
// {shared_order: true}`), so that this tells a good edit of a model from a model that is merely as
// good. It trains a twin for each original. Source: derived here.
#include <ATen/ATen.h>

#include "core/evaluate/fact_table.h"
#include "core/evaluate/prompt_divergences.h"

namespace oubli {
namespace {

std::vector<MetricValue> compute_twin_distance(const MetricInput& input) {
  if (!FactTable::is_in(*input.evaluation.dataset) || input.twin == nullptr) return {};
  if (input.oracles.size() < 2) return {};
  const Tensor prompts = fact_prompts(input.evaluation);
  if (prompts.numel() == 0) return {};
  const PromptDivergences oracles = prompt_divergences(input.oracles, input.predictions(), prompts);
  if (!oracles.unit) return {};
  const PromptDivergences twin = prompt_divergences({input.twin}, input.predictions(), prompts);
  return {{"twin_distance", twin.to_model.item<double>() / *oracles.unit}};
}

}  // namespace

Metric twin_distance_metric() {
  return {.name = "twin_distance",
          .summary =
              "distance to the model retrained from the same start, in units of oracle to oracle",
          .source = "KL over all prompts about facts; derived here",
          .columns =
              {{.name = "twin_distance",
                .heading = "to twin",
                .group = ColumnGroup::kPrivacy,
                .better = GoodSide::kLower,
                .range = "[0, inf) oracle distances",
                .definition =
                    "Mean over prompts of KL(t || p), t what the twin says next where an answer "
                    "begins and p what the model says, over its mean between two different "
                    "oracles. The twin is the original trained again from the same start with the "
                    "edit made in its data; with train: {shared_order: true} in the same batches. "
                    "0 is the twin itself; the original's value is that of doing nothing.",
                .resolution = 0.01}},
          .compute = compute_twin_distance,
          .needs = {.twins = true}};
}

}  // namespace oubli
