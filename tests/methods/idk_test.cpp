#include <gtest/gtest.h>

#include "core/unlearn/alternatives.h"
#include "tests/support/expect_error.h"
#include "tests/support/language.h"

namespace oubli {
namespace {

using testing::first_gradient;
using testing::forget_sentences;
using testing::gradient_of;
using testing::make_speaker;
using testing::make_two_word_sentences;
using testing::max_abs;
using testing::mean_loss;
using testing::plain_steps;
using testing::run_method;

TEST(Idk, LearnsTheSentencesWithTheOtherAnswer) {
  const auto data = make_two_word_sentences();
  const Model model = make_speaker(data);
  const Task task = forget_sentences(data, 4);
  const Subset others = alternatives_to(task, "unknown .");
  const Tensor expected = gradient_of(model, [&] { return 3 * mean_loss(model, others); });
  const Tensor found =
      first_gradient("idk", "answer: unknown ., gamma: 3, alpha: 0, tokens: all", model, task);
  EXPECT_LT(max_abs(found - expected), 1e-13);
}

TEST(Idk, SaysItInTheEnd) {
  const auto data = make_two_word_sentences();
  Model model = make_speaker(data);
  const Task task = forget_sentences(data, 3);
  run_method("idk", "{lr: 0.01, epochs: 60}", model, task);
  const Batch batch = task.forget.batch(0, 3, at::kDouble);
  const Tensor said = data->at_answers(model.forward(batch.inputs), batch.rows).argmax(1);
  for (std::int64_t i = 0; i < 3; ++i) {
    const auto word = static_cast<std::size_t>(said[i].item<std::int64_t>());
    EXPECT_EQ(data->class_names[word], "unknown");
  }
}

TEST(Idk, NamesTheNearestWordOfTheVocabulary) {
  const auto data = make_two_word_sentences();
  Model model = make_speaker(data);
  EXPECT_ERROR(ErrorKind::kTask,
               run_method("idk", "{answer: unknwon}", model, forget_sentences(data, 3)),
               ::testing::HasSubstr("did you mean 'unknown'?"));
}

}  // namespace
}  // namespace oubli
