// Text from a model that says what comes next: one token after another, each read with all before.
//
//   greedy    y_t = argmax_k f_k(x, y_1 .. y_{t-1}), the lowest of equals
//   sampled   y_t ~ softmax(f / temperature), of the `most_likely` tokens of largest score alone
//             where that is set (top-k, Fan et al. 2018)
//
// Sequences stand in rows of their own and are done together. Cost: a forward pass of each sequence
// for each token; nothing is kept between them, which for contexts of tens of tokens costs less
// than it would save.
#pragma once

#include <cstdint>
#include <vector>

#include "core/base/context.h"
#include "core/nn/model.h"

namespace oubli {

struct GenerationOptions {
  std::int64_t tokens = 1;       // at most, of each sequence
  double temperature = 0;        // 0: greedy
  std::int64_t most_likely = 0;  // sampled: of so many; 0: of all
  std::int64_t end = -1;         // a token behind which nothing is said; -1: none
};

using TokenList = std::vector<std::int64_t>;

// What the model says behind each prompt, the end not included. `context`: positions that it reads;
// of a longer text the last ones. Error(kUsage) for an empty prompt.
std::vector<TokenList> generate(const Model& model, const std::vector<TokenList>& prompts,
                                std::int64_t context, const GenerationOptions& options,
                                Generator& generator, CostMeter& cost);

}  // namespace oubli
