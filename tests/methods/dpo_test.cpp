#include <gtest/gtest.h>

#include "core/unlearn/alternatives.h"
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

TEST(Dpo, StartsByRaisingOneAnswerAndLoweringTheOther) {
  const auto data = make_two_word_sentences();
  const Model model = make_speaker(data);
  const Task task = forget_sentences(data, 4);
  // Sums over answers of two words are twice the means.
  const Tensor expected =
      first_gradient("idk", "answer: unknown ., gamma: 2, alpha: 0", model, task) +
      first_gradient("grad_diff", "gamma: 2, alpha: 0", model, task);
  const Tensor found = first_gradient("dpo", "answer: unknown ., alpha: 0", model, task);
  EXPECT_LT(max_abs(found - expected), 1e-12);
}

TEST(Dpo, IsWeighedByHowFarThePreferenceHasCome) {
  const auto data = make_two_word_sentences();
  Model model = make_speaker(data);
  const Task task = forget_sentences(data, 4);
  const Subset others = alternatives_to(task, "unknown .");
  const auto preference = [&](const Model& of) {
    return answer_scores(of, others).log_p().sum(1) - answer_scores(of, task.forget).log_p().sum(1);
  };
  Model expected = model.clone();
  const Tensor at_first = preference(model).detach();
  for (int step = 0; step < 3; ++step) {
    expected.add_to_theta(gradient_of(expected,
                                      [&] {
                                        const Tensor m = preference(expected) - at_first;
                                        return (2 / 0.4 * (1 + (-0.4 * m).exp()).log()).mean();
                                      }),
                          -0.1);
  }
  run_method("dpo", "{answer: unknown ., beta: 0.4, alpha: 0, " + plain_steps(3, 0.1) + "}", model,
             task);
  EXPECT_LT(max_abs(model.theta() - expected.theta()), 1e-12);
}

TEST(Dpo, CountsBothSentencesAndLooksAtTheOriginalOnce) {
  const auto data = make_two_word_sentences();
  Model model = make_speaker(data);
  const UnlearnReport report =
      run_method("dpo", "{epochs: 5, batch_size: 3}", model, forget_sentences(data, 6));
  EXPECT_EQ(report.sample_gradients, 5 * (2 * 6 + 6) + 2 * 6 / 3);
}

}  // namespace
}  // namespace oubli
