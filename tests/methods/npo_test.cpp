#include <gtest/gtest.h>

#include <cmath>

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

// The parameters that a run of full-batch steps goes through, from the original's on.
Tensors way_of(const std::string& settings, const Model& original, const Task& task) {
  const Methods methods = builtin_methods();
  const MethodInfo& info = methods.find("npo");
  const auto method = info.make(Settings(parse_settings(settings, "test")), methods);
  Model model = original.clone();
  Tensors way{original.theta().detach().clone()};
  Context context(0);
  context.progress = [&](double) { way.push_back(model.theta().detach().clone()); };
  run_unlearner(info, *method, model, task, context);
  return way;
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

// A method's loss is seen through its gradients: summed along its own way from the original to
// where hardly anything is left to lower, they are what the loss was at the start, (2 ln 2) / beta.
TEST(Npo, FallsFromTwiceLnTwoOverBetaToNothing) {
  const auto data = make_two_word_sentences();
  const Model original = make_speaker(data);
  const Task task = forget_sentences(data, 4);
  for (const double beta : {1.0, 2.0}) {
    const double lr = 0.02;
    const Tensors way = way_of(
        fmt::format("{{alpha: 0, beta: {}, {}}}", beta, plain_steps(400, lr)), original, task);
    double fallen = 0;
    for (std::size_t k = 2; k < way.size(); ++k) {  // by the trapezoidal rule
      const Tensor step = way[k - 1] - way[k - 2], next = way[k] - way[k - 1];
      fallen += (step + next).dot(step).item<double>() / (2 * lr);
    }
    const double start = 2 * std::log(2.0) / beta;
    Model last = original.clone();
    last.set_theta(way[way.size() - 2]);
    const Tensor log_ratio = log_p_of_answers(last, task) - log_p_of_answers(original, task);
    const double left = 2 / beta * (beta * log_ratio).exp().log1p().mean().item<double>();
    EXPECT_LT(left, 0.05 * start);
    EXPECT_NEAR(fallen + left, start, 0.01 * start) << beta;
  }
}

// Bounded below: one huge step makes the answers impossible, exp(-1000) and less beside what they
// were, and there is nothing to be gained by another. Ascent goes on.
TEST(Npo, ComesToRestWhereAnswersAreImpossible) {
  const auto data = make_two_word_sentences();
  const Model original = make_speaker(data);
  const Task task = forget_sentences(data, 4);
  const auto after = [&](const std::string& method, std::int64_t steps) {
    Model model = original.clone();
    const UnlearnReport report =
        run_method(method, "{alpha: 0, " + plain_steps(steps, 1000) + "}", model, task);
    EXPECT_EQ(report.status, UnlearnStatus::kCompleted) << report.message;
    return model;
  };
  const Model once = after("npo", 1);
  const Tensor fallen = log_p_of_answers(original, task) - log_p_of_answers(once, task);
  ASSERT_GT(fallen.min().item<double>(), 1e4) << "exp of it times beta, 0.1, is 0 in float64";
  EXPECT_TRUE(after("npo", 3).theta().equal(once.theta()));
  EXPECT_FALSE(after("grad_diff", 3).theta().equal(after("grad_diff", 1).theta()));
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
