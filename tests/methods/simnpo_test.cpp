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

TEST(SimNpo, WeighsAscentByHowLikelyAWordOfAnAnswerIs) {
  const auto data = make_two_word_sentences();
  const Model model = make_speaker(data);
  const Task task = forget_sentences(data, 4);
  for (const double delta : {0.0, 1.5}) {
    const Tensor expected = gradient_of(model, [&] {
      const Tensor mean = answer_scores(model, task.forget).log_p().mean(1);
      const Tensor weight = 2 / (1 + (2.5 * (-mean.detach() - delta)).exp());
      return 0.1375 * (weight * mean).mean();
    });
    const Tensor found =
        first_gradient("simnpo", fmt::format("alpha: 0, delta: {}", delta), model, task);
    EXPECT_LT(max_abs(found - expected), 1e-13) << delta;
  }
}

TEST(SimNpo, FarBelowItsMarginIsAscentTwice) {
  const auto data = make_two_word_sentences();
  Model a = make_speaker(data), b = a.clone();
  const Task task = forget_sentences(data, 4);
  const std::string steps = plain_steps(2, 0.1);
  run_method("simnpo", "{alpha: 0, gamma: 1, delta: 100, " + steps + "}", a, task);
  run_method("grad_diff", "{alpha: 0, gamma: 2, " + steps + "}", b, task);
  EXPECT_LT(max_abs(a.theta() - b.theta()), 1e-13);
}

}  // namespace
}  // namespace oubli
