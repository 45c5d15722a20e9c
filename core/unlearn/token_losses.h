// What losses of language models are made of: the loss of each token, and which tokens of a
// sequence a loss is about.
//
//   Tensor nll = token_losses(outputs, batch.targets);              // [b, t]
//   Tensor asked = asked_tokens(tokens_, data, batch);              // [b, t] of 0 and 1
//   Tensor weighed = mean_of_asked(nll.square(), asked);            // [b]
//
// Losses of the field look at the answers of what is to be forgotten, -100 in the labels of other
// tokens; training looks at every token.
#pragma once

#include "core/base/settings.h"
#include "core/data/dataset.h"

namespace oubli {

// -ln softmax(outputs)_y at each position, 0 where nothing is asked: outputs [b, t, c] and targets
// [b, t] give [b, t]. Differentiable, second derivatives included.
Tensor token_losses(const Tensor& outputs, const Tensor& targets);

enum class AskedTokens { kAnswers, kAll };

// Reads `tokens`: answers, or all.
AskedTokens read_asked_tokens(const Settings& settings,
                              AskedTokens default_value = AskedTokens::kAnswers);

// 1 at the tokens that are asked, 0 elsewhere: [b, t], of the type of the batch's inputs.
Tensor asked_tokens(AskedTokens asked, const Dataset& data, const Batch& batch);

// Mean over the asked tokens of each sequence: values, asked [b, t] give [b].
Tensor mean_of_asked(const Tensor& values, const Tensor& asked);

// Of each sequence [b], over its asked tokens: -ln p(y | x), which is the sum of their losses, and
// the mean of them. Differentiable in the outputs.
Tensor sequence_losses(const Tensor& outputs, AskedTokens asked, const Dataset& data,
                       const Batch& batch);
Tensor mean_token_losses(const Tensor& outputs, AskedTokens asked, const Dataset& data,
                         const Batch& batch);

}  // namespace oubli
