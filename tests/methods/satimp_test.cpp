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
using testing::run_method;

TEST(SatImp, WithoutImportanceIsWga) {
  const auto data = make_two_word_sentences();
  Model a = make_speaker(data), b = a.clone();
  const Task task = forget_sentences(data, 4);
  const std::string rest = "gamma: 0.5, alpha: 2, epochs: 3, batch_size: 3}";
  run_method("satimp", "{beta1: 2, beta2: 0, " + rest, a, task);
  run_method("wga", "{beta: 2, " + rest, b, task);
  EXPECT_TRUE(a.theta().equal(b.theta()));
}

TEST(SatImp, WeighsEachTokenByBothFactors) {
  const auto data = make_two_word_sentences();
  const Model model = make_speaker(data);
  const Task task = forget_sentences(data, 4);
  const Tensor expected = gradient_of(model, [&] {
    const Tensor log_p = answer_scores(model, task.forget).log_p();
    const Tensor p = log_p.detach().exp();
    return (p.pow(5) * (1 - p) * log_p).mean();
  });
  EXPECT_GT(max_abs(expected), 1e-6);
  EXPECT_LT(max_abs(first_gradient("satimp", "gamma: 1, alpha: 0", model, task) - expected), 1e-14);
}

}  // namespace
}  // namespace oubli
