#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "tests/support/told_facts.h"

namespace oubli {
namespace {

// Sentences of six and of eight tokens, with losses that sum to 3 and to 11.
TEST(TokenLoss, CountsEveryTokenAlike) {
  const auto data = testing::told_facts({{"P", 0, "Arlow"}});
  const Evaluation evaluation{.dataset = data, .sets = {{"text", at::arange(2)}}};
  ASSERT_EQ(data->sequences.next.narrow(0, 0, 2).ge(0).sum().item<std::int64_t>(), 14);
  testing::ToldModel model(data);
  model.token_losses[0][0] = 1.0;
  model.token_losses[0][5] = 2.0;
  model.token_losses[1][7] = 11.0;
  EXPECT_NEAR(
      testing::value_of(testing::take_metric("token_loss", evaluation, model), "token_loss/text"),
      1, 1e-15);
}

}  // namespace
}  // namespace oubli
