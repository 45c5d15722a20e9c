#include <gtest/gtest.h>

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
using testing::plain_steps;
using testing::run_method;

TEST(Undial, WithBetaZeroTheOriginalIsTheMinimum) {
  const auto data = make_two_word_sentences();
  const Model model = make_speaker(data);
  const Task task = forget_sentences(data, 4);
  const Tensor found = first_gradient("undial", "beta: 0, alpha: 0", model, task);
  EXPECT_LT(max_abs(found), 1e-14);
}

TEST(Undial, LearnsTheOriginalsScoresWithOneLess) {
  const auto data = make_two_word_sentences();
  Model model = make_speaker(data);
  const Task task = forget_sentences(data, 4);
  const AnswerScores original = answer_scores(model, task.forget);
  const Tensor one = at::one_hot(original.tokens, data->outputs);
  const Tensor q = (original.scores.detach() - 3 * one).softmax(2);
  Model expected = model.clone();
  for (int step = 0; step < 3; ++step) {
    expected.add_to_theta(gradient_of(expected,
                                      [&] {
                                        const Tensor scores =
                                            answer_scores(expected, task.forget).scores;
                                        return -(q * scores.log_softmax(2)).sum(2).mean();
                                      }),
                          -0.1);
  }
  run_method("undial", "{beta: 3, alpha: 0, " + plain_steps(3, 0.1) + "}", model, task);
  EXPECT_LT(max_abs(model.theta() - expected.theta()), 1e-13);
}

TEST(Undial, KeepsTheRatiosOfAllOtherWords) {
  const auto data = make_two_word_sentences();
  Model model = make_speaker(data);
  const Task task = forget_sentences(data, 1);
  const AnswerScores before = answer_scores(model, task.forget);
  run_method("undial", "{beta: 2, alpha: 0, epochs: 3000, lr: 0.3, optimizer: sgd}", model, task);
  const AnswerScores after = answer_scores(model, task.forget);
  const Tensor others = at::one_hot(before.tokens, data->outputs).logical_not().to(at::kDouble);
  const auto shares = [&](const AnswerScores& of) {
    const Tensor p = of.scores.softmax(2) * others;
    return p / p.sum(2, true);
  };
  EXPECT_LT(max_abs(shares(after) - shares(before)), 1e-4);
  const auto odds = [](const AnswerScores& of) {
    const Tensor p = of.log_p().exp();
    return p / (1 - p);
  };
  EXPECT_LT(max_abs((odds(after) / odds(before)).log() + 2), 1e-2);
}

}  // namespace
}  // namespace oubli
