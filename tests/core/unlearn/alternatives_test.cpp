#include "core/unlearn/alternatives.h"

#include <gtest/gtest.h>

#include "core/data/answers.h"
#include "tests/support/expect_error.h"
#include "tests/support/language.h"

namespace oubli {
namespace {

using testing::forget_sentences;
using testing::make_two_word_sentences;

// The words that a row asks for.
std::string text_of(const Dataset& data, std::int64_t row) {
  std::string text;
  for (std::int64_t t = 0; t < data.sequences.positions(); ++t) {
    const std::int64_t token = data.sequences.next[row][t].item<std::int64_t>();
    if (token <= 0) break;
    text += data.class_names[static_cast<std::size_t>(token)] + " ";
  }
  return text;
}

TEST(Alternatives, SayTheAnswerInTheForgottenOnesPlace) {
  const auto data = make_two_word_sentences();
  const Task task = forget_sentences(data, 3);
  const Subset others = alternatives_to(task, "unknown");
  EXPECT_TRUE(others.rows.equal(task.forget.rows));
  for (std::int64_t row = 0; row < 3; ++row) {
    std::string expected = text_of(*data, row);
    const std::size_t at = expected.find("New Arlow");
    ASSERT_NE(at, std::string::npos);
    expected.replace(at, 9, "unknown");
    EXPECT_EQ(text_of(*others.dataset, row), expected);
  }
  EXPECT_EQ(text_of(*others.dataset, 3), text_of(*data, 3));
}

TEST(Alternatives, AreTheNewFactsInAChange) {
  const auto data = make_two_word_sentences();
  Task task = forget_sentences(data, 3);
  // What is added says otherwise of the first two sentences, in another order.
  Dataset longer = *data;
  const Tensor copied = at::tensor({1, 0}, at::kLong);
  for (Tensor* part : {&longer.inputs, &longer.targets, &longer.true_targets}) {
    *part = at::cat({*part, part->index_select(0, copied)});
  }
  longer.sequences.append_copies(copied);
  const Tensor bandor =
      data->sequences.next[6].narrow(0, data->sequences.answer_begin[6].item<std::int64_t>(), 2);
  for (const std::int64_t row : {12, 13}) replace_answer(longer, row, bandor);
  const auto shared = std::make_shared<const Dataset>(longer);
  task.forget.dataset = shared;
  task.added = {shared, at::tensor({12, 13}, at::kLong), {}};
  const Subset others = alternatives_to(task, "unknown");
  EXPECT_EQ(text_of(*others.dataset, 0), text_of(longer, 13));
  EXPECT_EQ(text_of(*others.dataset, 1), text_of(longer, 12));
  EXPECT_NE(text_of(*others.dataset, 2).find("unknown"), std::string::npos);
  EXPECT_NE(text_of(longer, 13), text_of(longer, 0));
}

TEST(Alternatives, OfABatchAreItsRowsInItsOrder) {
  const auto data = make_two_word_sentences();
  Task task = forget_sentences(data, 4);
  task.forget.weights = at::tensor({1.0, 2.0, 3.0, 4.0}, at::kDouble);
  const Subset others = alternatives_to(task, "unknown");
  const Batch batch = task.forget.batch_at(at::tensor({3, 1}, at::kLong), at::kDouble);
  const Batch found = alternative_batch(others, batch);
  EXPECT_TRUE(found.rows.equal(at::tensor({3, 1}, at::kLong)));
  EXPECT_TRUE(found.weights.equal(batch.weights));
  EXPECT_TRUE(found.targets[1].equal(others.dataset->sequences.next[1]));
  const Batch both = joined(batch, found);
  EXPECT_EQ(both.size(), 4);
  EXPECT_TRUE(both.inputs[3].equal(found.inputs[1]));
  EXPECT_EQ(alternative_batch(others, Batch{}).size(), 0);
}

TEST(Alternatives, NeedWordsOfTheVocabularyOnlyWhereTheyAreSaid) {
  const auto data = make_two_word_sentences();
  EXPECT_ERROR(ErrorKind::kTask, alternatives_to(forget_sentences(data, 2), "no idea"),
               ::testing::HasSubstr("unknown token 'no'"));
  EXPECT_TRUE(alternatives_to(forget_sentences(data, 0), "no idea").empty());
}

}  // namespace
}  // namespace oubli
