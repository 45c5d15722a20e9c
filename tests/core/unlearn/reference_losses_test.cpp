#include "core/unlearn/reference_losses.h"

#include <gtest/gtest.h>

#include "tests/support/language.h"

namespace oubli {
namespace {

using testing::answer_scores;
using testing::make_speaker;
using testing::make_two_word_sentences;
using testing::max_abs;

TEST(ReferenceLosses, AreTheOriginalsOfTheWholeAnswerWhateverBecomesOfIt) {
  const auto data = make_two_word_sentences();
  Model model = make_speaker(data);
  const Subset set{data, at::tensor({7, 2, 5}, at::kLong), {}};
  const Tensor expected = -answer_scores(model, set).log_p().sum(1);
  Context context(0);
  const ReferenceLosses losses(model, set, AskedTokens::kAnswers, context);
  EXPECT_EQ(context.cost.sample_gradients(), 1);
  model.add_to_theta(at::ones_like(model.theta()));
  EXPECT_LT(max_abs(losses.of(set.batch(0, 3, at::kDouble)) - expected), 1e-13);
  const Batch last = set.batch(2, 1, at::kDouble);
  EXPECT_NEAR(losses.of(last).item<double>(), expected[2].item<double>(), 1e-13);
}

TEST(ReferenceLosses, OfAllTokensAreTheTrainingLossTimesTheirNumber) {
  const auto data = make_two_word_sentences();
  const Model model = make_speaker(data);
  const Subset all = testing::all_of(data);
  const Batch batch = all.batch(0, all.size(), at::kDouble);
  const Tensor means =
      Objective{LossKind::kCrossEntropy, 0}.losses(model.forward(batch.inputs), batch.targets);
  const Tensor counts = batch.targets.ge(0).sum(1);
  Context context(0);
  const ReferenceLosses losses(model, all, AskedTokens::kAll, context);
  EXPECT_LT(max_abs(losses.of(batch) - means * counts), 1e-12);
  // Padding counts for nothing: the sentences differ in length.
  EXPECT_LT(counts.min().item<std::int64_t>(), data->sequences.positions());
}

}  // namespace
}  // namespace oubli
