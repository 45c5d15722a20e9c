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

TEST(Wga, WithBetaZeroIsGradDiff) {
  const auto data = make_two_word_sentences();
  Model a = make_speaker(data), b = a.clone();
  const Task task = forget_sentences(data, 4);
  run_method("wga", "{beta: 0, alpha: 2, epochs: 3, batch_size: 3}", a, task);
  run_method("grad_diff", "{alpha: 2, epochs: 3, batch_size: 3}", b, task);
  EXPECT_TRUE(a.theta().equal(b.theta()));
}

TEST(Wga, WeighsEachTokenByItsOwnProbability) {
  const auto data = make_two_word_sentences();
  const Model model = make_speaker(data);
  const Task task = forget_sentences(data, 4);
  const Tensor expected = gradient_of(model, [&] {
    const Tensor log_p = answer_scores(model, task.forget).log_p();
    return (log_p.detach().exp().square() * log_p).mean();
  });
  EXPECT_LT(max_abs(first_gradient("wga", "beta: 2, alpha: 0", model, task) - expected), 1e-13);
}

TEST(Wga, LeavesWhatIsForgottenAlone) {
  const auto data = make_two_word_sentences();
  Model model = make_speaker(data);
  const Task task = forget_sentences(data, 4);
  run_method("wga", "{alpha: 0, epochs: 200, lr: 0.02}", model, task);
  const Tensor forgotten = answer_scores(model, task.forget).log_p();
  EXPECT_LT(forgotten.max().item<double>(), -4);
  EXPECT_LT(max_abs(first_gradient("wga", "alpha: 0", model, task)),
            0.1 * max_abs(first_gradient("grad_diff", "alpha: 0", model, task)));
}

}  // namespace
}  // namespace oubli
