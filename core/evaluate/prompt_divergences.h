// How far language models are from each other over everything that can be asked: sums over prompts
// of the divergence between what they say next.
#pragma once

#include <optional>
#include <vector>

#include "core/evaluate/metric.h"

namespace oubli {

// Every prompt that asks for a fact that models are trained on, or were, by its first row, int64:
// of all sets but held_out and validation, in wordings of training and others.
Tensor fact_prompts(const Evaluation& evaluation);

struct PromptDivergences {
  Tensor to_model;  // float64 [J]: the sum of KL(q_j || p), q_j oracle j's and p the model's
  // The mean over ordered pairs of different oracles of the sum of KL(q_j || q_k); none where it is
  // nothing but rounding: one oracle, several times. Of two oracles or more.
  std::optional<double> unit;
};

// p and q are distributions of the first word where an answer begins. Cost: J (J + 1) products of
// distributions over the vocabulary for each prompt.
PromptDivergences prompt_divergences(const std::vector<const ModelOutcome*>& oracles,
                                     const Predictions& model, const Tensor& prompts);

}  // namespace oubli
