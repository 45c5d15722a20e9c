#include "core/nn/generation.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "experiments/selftest/problems.h"
#include "tests/support/files.h"

namespace oubli {
namespace {

class GenerationTest : public ::testing::Test {
 protected:
  std::vector<TokenList> say(const std::vector<TokenList>& prompts, const GenerationOptions& how,
                             std::uint64_t seed = 0) const {
    Generator generator(seed);
    CostMeter cost;
    return generate(model_, prompts, data_->sequences.positions(), how, generator, cost);
  }
  // The most probable token behind a text, read by itself.
  std::int64_t next(const TokenList& text) const {
    const at::NoGradGuard no_grad;
    const Tensor inputs = at::tensor(text, at::kLong).to(at::kDouble).unsqueeze(0);
    return model_.forward(inputs)[0][-1].argmax().item<std::int64_t>();
  }

  std::shared_ptr<const Dataset> data_ = testing::make_sentences();
  Model model_ = testing::make_model("gpt", "{layers: 1, width: 8, heads: 2}", *data_, 3);
};

TEST_F(GenerationTest, GreedyReadsEachTokenWithAllBefore) {
  TokenList text = {0, 2};
  const TokenList said = say({text}, {.tokens = 4})[0];
  ASSERT_EQ(said.size(), 4U);
  for (const std::int64_t token : said) {
    EXPECT_EQ(token, next(text));
    text.push_back(token);
  }
}

TEST_F(GenerationTest, TextsOfSeveralLengthsGoTogether) {
  const std::vector<TokenList> prompts = {{0, 2}, {0, 2, 3, 4}, {0}};
  const std::vector<TokenList> together = say(prompts, {.tokens = 3});
  for (std::size_t i = 0; i < prompts.size(); ++i) {
    EXPECT_EQ(together[i], say({prompts[i]}, {.tokens = 3})[0]);
  }
}

TEST_F(GenerationTest, EndsAtTheEndAndReadsNoMoreThanTheContext) {
  const std::int64_t first = next({0, 2});
  EXPECT_TRUE(say({{0, 2}}, {.tokens = 5, .end = first})[0].empty());
  EXPECT_EQ(say({{0, 2}}, {.tokens = 40})[0].size(), 40U);
}

TEST_F(GenerationTest, SamplesFromTheSoftmaxAndTheSameFromTheSameSeed) {
  const GenerationOptions how{.tokens = 1, .temperature = 1};
  const std::vector<TokenList> prompts(4000, {0, 2});
  const std::vector<TokenList> drawn = say(prompts, how);
  EXPECT_EQ(drawn, say(prompts, how));
  const at::NoGradGuard no_grad;
  const Tensor p =
      model_.forward(at::tensor({0.0, 2.0}, at::kDouble).unsqueeze(0))[0][-1].softmax(0);
  Tensor share = at::zeros_like(p);
  for (const TokenList& one : drawn) share[one[0]] += 1.0 / 4000;
  // Five standard errors of a share.
  EXPECT_TRUE((share - p).abs().le(5 * (p / 4000).sqrt()).all().item<bool>());
  EXPECT_EQ(say(prompts, {.tokens = 1, .temperature = 1, .most_likely = 1}),
            say(prompts, {.tokens = 1}));
}

TEST_F(GenerationTest, RefusesAnEmptyPrompt) {
  EXPECT_THAT(testing::error_of(ErrorKind::kUsage, [&] { say({{}}, {}); }),
              ::testing::HasSubstr("empty"));
}

}  // namespace
}  // namespace oubli
