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
using testing::mean_loss;
using testing::plain_steps;
using testing::run_method;

Tensor height_of_answers(const Model& model, const Subset& forget) {
  const Tensor scores = answer_scores(model, forget).scores;
  return (std::get<0>(scores.max(2)) - scores.mean(2)).square().mean();
}

TEST(Pdu, AStepFlattensAnswersAndDescendsTheRestByItsWeight) {
  const auto data = make_two_word_sentences();
  const Model model = make_speaker(data);
  const Task task = forget_sentences(data, 4);
  const Tensor expected = gradient_of(model, [&] {
    return 0.5 * height_of_answers(model, task.forget) + 3 * mean_loss(model, task.retain);
  });
  EXPECT_LT(max_abs(first_gradient("pdu", "gamma: 0.5, lambda: 3", model, task) - expected), 1e-12);
}

TEST(Pdu, ItsWeightFollowsHowFarTheLossIsAboveWhatIsAllowed) {
  const auto data = make_two_word_sentences();
  const Task task = forget_sentences(data, 4);
  Model model = make_speaker(data);
  Model followed = model.clone();
  const double eps = 0.01, dual_step = 5;
  double lambda = 2;
  for (int step = 0; step < 3; ++step) {
    const double loss = mean_loss(followed, task.retain).item<double>();
    followed.add_to_theta(gradient_of(followed,
                                      [&] {
                                        return height_of_answers(followed, task.forget) +
                                               lambda * mean_loss(followed, task.retain);
                                      }),
                          -0.002);
    if (step >= 1) lambda = std::max(0.0, lambda + dual_step * (loss - eps));
  }
  const UnlearnReport report = run_method(
      "pdu", "{lambda: 2, dual_step: 5, eps: 0.01, warm_up: 1, " + plain_steps(3, 0.002) + "}",
      model, task);
  EXPECT_GT(lambda, 2.1);
  EXPECT_NEAR(report.details.at("lambda").get<double>(), lambda, 1e-10);
  EXPECT_LT(max_abs(model.theta() - followed.theta()), 1e-12);
}

TEST(Pdu, ItsWeightDoesNotFallBelowNothing) {
  const auto data = make_two_word_sentences();
  Model model = make_speaker(data);
  const UnlearnReport report = run_method("pdu", "{lambda: 1, eps: 1000, warm_up: 0, epochs: 2}",
                                          model, forget_sentences(data, 4));
  EXPECT_EQ(report.details.at("lambda").get<double>(), 0);
}

TEST(Pdu, AllowsTheOriginalsOwnLossByDefault) {
  const auto data = make_two_word_sentences();
  Model model = make_speaker(data);
  const Task task = forget_sentences(data, 4);
  const double loss = mean_loss(model, task.retain).item<double>();
  const UnlearnReport report = run_method("pdu", "{epochs: 1, batch_size: 2}", model, task);
  EXPECT_NEAR(report.details.at("eps").get<double>(), loss, 1e-12);
  EXPECT_NEAR(report.sample_gradients, 4 + 4 + 8.0 / 3, 1e-12);
}

}  // namespace
}  // namespace oubli
