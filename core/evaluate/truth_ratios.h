// TOFU's truth ratio (Maini et al. 2024, arXiv 2401.06121): how likely wrong answers are beside the
// right one, which survives where the form of an answer is learnt or unlearnt with all answers.
//
//   R(sentence) = mean over the wrong answers of P(wrong) / P(right)
//   R(fact)     = geometric mean over its sentences
//
// The wrong answers are all other objects of the fact's relation, so that nothing is drawn, where
// TOFU has five that a language model wrote; all are behind the same words. R is 1 where nothing is
// known, 0 where all is, above 1 where the right answer is avoided. Logarithms are returned, which
// are finite however certain a model is. The released code takes the geometric mean over wrong
// answers, and the inverse. P is that of an object's first token, since models are not asked for
// wrong answers of several: objects that begin alike ("New Bern", "New York") are one answer. Facts
// of relations whose objects all begin alike, as where there is one, are left out.
#pragma once

#include <optional>

#include "core/evaluate/fact_table.h"
#include "core/evaluate/predictions.h"

namespace oubli {

// ln R of each fact that the rows state, float64 [facts]: one of each where there are none.
Tensor log_truth_ratios(const Predictions& predictions, const FactTable& facts, const Tensor& rows);

// TOFU's score of what should be known: mean of max(0, 1 - R). Absent where no fact has an R.
std::optional<double> truth_score(const Predictions& predictions, const FactTable& facts,
                                  const Tensor& rows);

}  // namespace oubli
