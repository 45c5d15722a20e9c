#include <gtest/gtest.h>

#include "tests/support/language.h"

namespace oubli {
namespace {

using testing::answer_scores;
using testing::first_gradient;
using testing::forget_sentences;
using testing::gradient_of;
using testing::make_speaker;
using testing::make_two_word_sentences;
using testing::max_abs;
using testing::plain_steps;
using testing::run_method;

TEST(GradDiff, WithoutWhatRemainsIsAscentOnTheAnswers) {
  const auto data = make_two_word_sentences();
  const Model model = make_speaker(data);
  const Task task = forget_sentences(data, 4);
  const Tensor ascent =
      gradient_of(model, [&] { return answer_scores(model, task.forget).log_p().mean(); });
  EXPECT_LT(max_abs(first_gradient("grad_diff", "alpha: 0", model, task) - ascent), 1e-13);
}

TEST(GradDiff, OfAllTokensIsNegGradPlusInOneStep) {
  const auto data = make_two_word_sentences();
  Model a = make_speaker(data), b = a.clone();
  Task task = forget_sentences(data, 4);
  task.recipe.objective.l2 = 0.01;
  const std::string steps = plain_steps(1, 0.1);
  run_method("grad_diff", "{tokens: all, gamma: 0.3, alpha: 0.7, " + steps + "}", a, task);
  run_method("neggrad_plus", "{alpha: 0.7, " + steps + "}", b, task);
  EXPECT_LT(max_abs(a.theta() - b.theta()), 1e-14);
}

TEST(GradDiff, CostsAGradientForEachExampleOfEachSet) {
  const auto data = make_two_word_sentences();
  Model model = make_speaker(data);
  const Task task = forget_sentences(data, 4);
  const auto cost = [&](const std::string& settings) {
    Model edited = model.clone();
    return run_method("grad_diff", "{epochs: 3, batch_size: 2, " + settings + "}", edited, task)
        .sample_gradients;
  };
  EXPECT_EQ(cost("alpha: 1"), 3 * (4 + 4));
  EXPECT_EQ(cost("alpha: 0"), 3 * 4);
}

}  // namespace
}  // namespace oubli
