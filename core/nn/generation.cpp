#include "core/nn/generation.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <limits>

#include "core/base/error.h"

namespace oubli {
namespace {

// The next token of each row of scores [b, c].
Tensor next_tokens(const Tensor& scores, const GenerationOptions& options, Generator& generator) {
  if (options.temperature == 0) return lowest_largest(scores, 1);
  Tensor allowed = scores.to(at::kDouble) / options.temperature;
  if (options.most_likely > 0 && options.most_likely < allowed.size(1)) {
    const Tensor least = std::get<0>(allowed.topk(options.most_likely, 1)).amin(1, true);
    allowed = allowed.masked_fill(allowed.lt(least), -std::numeric_limits<double>::infinity());
  }
  const Tensor uniform = generator.uniform({scores.size(0), 1}, at::kDouble);
  return allowed.softmax(1).cumsum(1).lt(uniform).sum(1).clamp_max(scores.size(1) - 1);
}

// The last positions of each text, side by side: [b, longest]. What stands behind a shorter text is
// not seen by its own positions.
Tensor padded(const std::vector<TokenList>& texts, const std::vector<std::size_t>& rows,
              std::int64_t context, at::ScalarType dtype) {
  std::int64_t longest = 0;
  for (const std::size_t row : rows) {
    longest = std::max(longest, static_cast<std::int64_t>(texts[row].size()));
  }
  longest = std::min(longest, context);
  const Tensor inputs = at::zeros({static_cast<std::int64_t>(rows.size()), longest}, at::kLong);
  auto* to = inputs.mutable_data_ptr<std::int64_t>();
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const TokenList& text = texts[rows[i]];
    const std::size_t size = std::min(text.size(), static_cast<std::size_t>(longest));
    std::copy(text.end() - static_cast<std::ptrdiff_t>(size), text.end(),
              to + static_cast<std::int64_t>(i) * longest);
  }
  return inputs.to(dtype);
}

// Scores behind the last token of each text.
Tensor last_scores(const Tensor& outputs, const std::vector<TokenList>& texts,
                   const std::vector<std::size_t>& rows) {
  if (outputs.dim() == 2) return outputs;  // of a model that scores the last position alone
  Tensors scores;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto size = static_cast<std::int64_t>(texts[rows[i]].size());
    scores.push_back(outputs[static_cast<std::int64_t>(i)][std::min(size, outputs.size(1)) - 1]);
  }
  return at::stack(scores);
}

}  // namespace

std::vector<TokenList> generate(const Model& model, const std::vector<TokenList>& prompts,
                                std::int64_t context, const GenerationOptions& options,
                                Generator& generator, CostMeter& cost) {
  const at::NoGradGuard no_grad;
  std::vector<TokenList> texts = prompts, said(prompts.size());
  std::vector<std::size_t> open;
  for (std::size_t row = 0; row < prompts.size(); ++row) {
    if (prompts[row].empty()) {
      throw Error(ErrorKind::kUsage, "a model says what follows a text, and this one is empty");
    }
    open.push_back(row);
  }
  for (std::int64_t t = 0; t < options.tokens && !open.empty(); ++t) {
    const Tensor outputs = model.forward(padded(texts, open, context, model.dtype()));
    cost.add_forwards(static_cast<std::int64_t>(open.size()));
    const Tensor next = next_tokens(last_scores(outputs, texts, open), options, generator);
    std::vector<std::size_t> still_open;
    for (std::size_t i = 0; i < open.size(); ++i) {
      const std::int64_t token = next[static_cast<std::int64_t>(i)].item<std::int64_t>();
      if (token == options.end) continue;
      texts[open[i]].push_back(token);
      said[open[i]].push_back(token);
      still_open.push_back(open[i]);
    }
    open = std::move(still_open);
  }
  return said;
}

}  // namespace oubli
