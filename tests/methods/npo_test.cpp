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

// ln p of each whole answer.
Tensor log_p_of_answers(const Model& model, const Task& task) {
  return answer_scores(model, task.forget).log_p().sum(1);
}

TEST(Npo, StartsWithTheGradientOfAscentWhateverBeta) {
  const auto data = make_two_word_sentences();
  const Model model = make_speaker(data);
  const Task task = forget_sentences(data, 4);
  const Tensor ascent = gradient_of(model, [&] { return log_p_of_answers(model, task).mean(); });
  for (const char* beta : {"0.1", "3"}) {
    const Tensor found =
        first_gradient("npo", fmt::format("alpha: 0, beta: {}", beta), model, task);
    EXPECT_LT(max_abs(found - ascent), 1e-12) << beta;
  }
}

TEST(Npo, WeighsAscentByHowLikelyAnAnswerStillIs) {
  const auto data = make_two_word_sentences();
  Model model = make_speaker(data);
  const Task task = forget_sentences(data, 4);
  Model expected = model.clone();
  const double beta = 0.7;
  const Tensor p_o = log_p_of_answers(model, task).exp().pow(beta).detach();
  double last_weight = 1;
  for (int step = 0; step < 4; ++step) {
    const Tensor p = log_p_of_answers(expected, task).exp().pow(beta).detach();
    const Tensor weight = 2 * p / (p + p_o);
    EXPECT_LE(weight.mean().item<double>(), last_weight);
    last_weight = weight.mean().item<double>();
    expected.add_to_theta(
        gradient_of(expected, [&] { return (weight * log_p_of_answers(expected, task)).mean(); }),
        -0.2);
  }
  EXPECT_LT(last_weight, 0.95);
  run_method("npo", "{alpha: 0, beta: 0.7, " + plain_steps(4, 0.2) + "}", model, task);
  EXPECT_LT(max_abs(model.theta() - expected.theta()), 1e-12);
}

TEST(Npo, WithASmallBetaIsAscent) {
  const auto data = make_two_word_sentences();
  Model a = make_speaker(data), b = a.clone();
  const Task task = forget_sentences(data, 4);
  const std::string steps = plain_steps(3, 0.1);
  run_method("npo", "{alpha: 0, beta: 1.0e-9, " + steps + "}", a, task);
  // Of answers of two words the sum is twice the mean.
  run_method("grad_diff", "{alpha: 0, gamma: 2, " + steps + "}", b, task);
  EXPECT_LT(max_abs(a.theta() - b.theta()), 1e-6);
  run_method("npo", "{alpha: 0, beta: 1, " + steps + "}", a, task);
  EXPECT_GT(max_abs(a.theta() - b.theta()), 1e-3);
}

TEST(Npo, LooksAtTheOriginalOnce) {
  const auto data = make_two_word_sentences();
  Model model = make_speaker(data);
  const UnlearnReport report =
      run_method("npo", "{epochs: 5, batch_size: 3}", model, forget_sentences(data, 6));
  EXPECT_EQ(report.sample_gradients, 5 * 12 + 6 / 3);
}

}  // namespace
}  // namespace oubli
