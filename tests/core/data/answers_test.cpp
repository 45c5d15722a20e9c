#include "core/data/answers.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "tests/support/expect_error.h"

namespace oubli {
namespace {

// A row of tokens: read 0 11 12 13 14 15, asked for 11 12 13 14 15 0, of which the answer is 13 14.
Dataset one_row(std::int64_t positions) {
  Dataset data;
  data.outputs = 30;
  data.inputs = at::zeros({1, positions}, at::kInt);
  data.sequences.next = at::full({1, positions}, kNoTarget, at::kLong);
  for (int t = 0; t < 5; ++t) {
    data.inputs[0][t + 1] = 11 + t;
    data.sequences.next[0][t] = 11 + t;
  }
  data.sequences.next[0][5] = 0;
  data.sequences.answer_begin = at::full({1}, 2, at::kLong);
  data.sequences.answer_size = at::full({1}, 2, at::kLong);
  data.sequences.subject_end = data.sequences.fact = at::full({1}, -1, at::kLong);
  data.targets = at::full({1}, 13, at::kLong);
  return data;
}

Tensor row(std::vector<std::int64_t> values) { return at::tensor(values, at::kLong); }

TEST(ReplaceAnswer, MovesWhatStandsBehind) {
  Dataset data = one_row(8);
  replace_answer(data, 0, row({21, 22, 23}));
  EXPECT_TRUE(data.inputs[0].to(at::kLong).equal(row({0, 11, 12, 21, 22, 23, 15, 0})));
  EXPECT_TRUE(data.sequences.next[0].equal(row({11, 12, 21, 22, 23, 15, 0, -1})));
  EXPECT_EQ(data.sequences.answer_size.item<std::int64_t>(), 3);
  EXPECT_EQ(data.targets.item<std::int64_t>(), 21);
  data.validate("test");
  replace_answer(data, 0, row({9}));
  EXPECT_TRUE(data.inputs[0].to(at::kLong).equal(row({0, 11, 12, 9, 15, 0, 0, 0})));
  EXPECT_TRUE(data.sequences.next[0].equal(row({11, 12, 9, 15, 0, -1, -1, -1})));
  replace_answer(data, 0, row({13, 14}));
  const Dataset before = one_row(8);
  EXPECT_TRUE(data.inputs.equal(before.inputs));
  EXPECT_TRUE(data.sequences.next.equal(before.sequences.next));
}

TEST(ReplaceAnswer, KeepsWordsThatAreReadAndNotAsked) {
  Dataset data = one_row(8);
  data.inputs[0][0] = 7;  // a stretch of a longer text
  data.sequences.next[0].narrow(0, 0, 2).fill_(kNoTarget);
  replace_answer(data, 0, row({21}));
  EXPECT_TRUE(data.inputs[0].to(at::kLong).equal(row({7, 11, 12, 21, 15, 0, 0, 0})));
  EXPECT_TRUE(data.sequences.next[0].equal(row({-1, -1, 21, 15, 0, -1, -1, -1})));
}

TEST(ReplaceAnswer, RefusesWhatIsTooLong) {
  Dataset data = one_row(6);
  replace_answer(data, 0, row({21, 22}));
  EXPECT_ERROR(ErrorKind::kTask, replace_answer(data, 0, row({21, 22, 23})),
               ::testing::HasSubstr("set `context: 7`"));
}

TEST(WithAnswers, LeavesTheDataSetAlone) {
  const auto data = std::make_shared<const Dataset>(one_row(8));
  const std::string before = data->content_hash();
  const Subset changed = with_answers({data, row({0}), {}}, {row({21})});
  EXPECT_EQ(data->content_hash(), before);
  EXPECT_EQ(changed.dataset->targets.item<std::int64_t>(), 21);
  EXPECT_EQ(changed.dataset->true_targets.item<std::int64_t>(), 13);
}

}  // namespace
}  // namespace oubli
