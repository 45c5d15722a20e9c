#include <gtest/gtest.h>

#include "tests/support/expect_error.h"
#include "tests/support/language.h"

namespace oubli {
namespace {

using testing::answer_scores;
using testing::AnswerScores;
using testing::first_gradient;
using testing::forget_sentences;
using testing::gradient_of;
using testing::make_speaker;
using testing::make_two_word_sentences;
using testing::max_abs;
using testing::run_method;

// p - q by hand: p_y at the token, -p_j p_y / (1 - p_y) at every other. `from`: the first token of
// an answer that counts.
Tensor by_hand(const Model& model, const Subset& forget, std::int64_t from = 0) {
  const AnswerScores answers = answer_scores(model, forget);
  const Tensor p = answers.scores.detach().softmax(2);
  const Tensor p_y = p.gather(2, answers.tokens.unsqueeze(2));
  const Tensor pull = (-p * p_y / (1 - p_y)).scatter(2, answers.tokens.unsqueeze(2), p_y);
  const Tensor each = (pull * answers.scores).sum(2);
  return each.narrow(1, from, each.size(1) - from).mean();
}

TEST(CeU, PullsTowardsItsOwnPredictionWithoutTheToken) {
  const auto data = make_two_word_sentences();
  const Model model = make_speaker(data);
  const Task task = forget_sentences(data, 4);
  const Tensor expected = gradient_of(model, [&] { return by_hand(model, task.forget); });
  EXPECT_LT(max_abs(first_gradient("ce_u", "", model, task) - expected), 1e-13);
}

TEST(CeU, PassesOverFirstTokensWhereAsked) {
  const auto data = make_two_word_sentences();
  Model model = make_speaker(data);
  const Task task = forget_sentences(data, 4);
  const Tensor expected = gradient_of(model, [&] { return by_hand(model, task.forget, 1); });
  EXPECT_LT(max_abs(first_gradient("ce_u", "skip: 1", model, task) - expected), 1e-13);
  EXPECT_ERROR(ErrorKind::kTask, run_method("ce_u", "{skip: 2}", model, task),
               ::testing::HasSubstr("set skip lower"));
}

TEST(CeU, NeitherL2NorOtherDataMoveIt) {
  const auto data = make_two_word_sentences();
  const Model model = make_speaker(data);
  Task task = forget_sentences(data, 4);
  const Tensor without = first_gradient("ce_u", "", model, task);
  task.recipe.objective.l2 = 1;
  task.retain = task.forget;
  EXPECT_TRUE(first_gradient("ce_u", "", model, task).equal(without));
}

}  // namespace
}  // namespace oubli
