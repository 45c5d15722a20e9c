#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <functional>

#include "core/data/dataset.h"
#include "experiments/selftest/problems.h"
#include "tests/support/expect_error.h"

namespace oubli {
namespace {

using ::testing::HasSubstr;

Tensor tokens(const std::vector<std::int64_t>& values) { return at::tensor(values, at::kLong); }

// Two sentences of four positions: the answer of the first is 3, of the second 1 2.
Dataset sentences() {
  Dataset dataset;
  dataset.inputs = at::tensor({0, 2, 3, 0, 0, 1, 2, 4}, at::kInt).view({2, 4});
  dataset.outputs = 5;
  dataset.sequences = {.next = at::tensor({2, 3, 0, -1, 1, 2, 4, 0}, at::kLong).view({2, 4}),
                       .answer_begin = tokens({1, 0}),
                       .answer_size = tokens({1, 2}),
                       .subject_end = tokens({1, -1}),
                       .fact = tokens({7, -1})};
  dataset.targets = tokens({3, 1});
  return dataset;
}

Subset every_row(Dataset dataset) {
  return testing::all_of(std::make_shared<const Dataset>(std::move(dataset)));
}

TEST(Sequences, BatchesAskForEveryPosition) {
  const Subset subset = every_row(sentences()).with_rows(tokens({1, 0}));
  const Batch batch = subset.batch(0, 2, at::kDouble);
  EXPECT_EQ(batch.inputs.scalar_type(), at::kDouble);
  EXPECT_TRUE(batch.inputs[0].equal(at::tensor({0.0, 1.0, 2.0, 4.0}, at::kDouble)));
  EXPECT_TRUE(batch.targets.equal(sentences().sequences.next.index_select(0, tokens({1, 0}))));
  EXPECT_TRUE(batch.rows.equal(tokens({1, 0})));
  EXPECT_TRUE(batch.narrow(1, 1).rows.equal(tokens({0})));
  EXPECT_TRUE(subset.batch_at(tokens({1}), at::kFloat).rows.equal(tokens({0})));
}

TEST(Sequences, AnswersAndOutputsAtThem) {
  const Dataset dataset = sentences();
  const Tensor expected = at::tensor({1, 1, 0, 0, 0, 1, 0, 0}, at::kLong).view({2, 4});
  EXPECT_TRUE(dataset.sequences.answers(tokens({1, 0})).to(at::kLong).equal(expected));
  const Tensor values = at::arange(2 * 4 * 3).view({2, 4, 3});
  EXPECT_TRUE(
      dataset.at_answers(values, tokens({1, 0})).equal(at::stack({values[0][0], values[1][1]})));
  const Tensor flat = at::arange(6).view({2, 3});
  EXPECT_TRUE(Dataset{}.at_answers(flat, tokens({0, 1})).equal(flat)) << "others as they are";
}

TEST(Sequences, AnswersAndPromptsOfARow) {
  const Dataset dataset = sentences();
  EXPECT_TRUE(dataset.sequences.answer(0).equal(tokens({3})));
  EXPECT_TRUE(dataset.sequences.answer(1).equal(tokens({1, 2})));
  EXPECT_TRUE(dataset.prompt(0).equal(at::tensor({0, 2}, at::kInt)));
  EXPECT_TRUE(dataset.prompt(1).equal(at::tensor({0}, at::kInt)));
}

TEST(Sequences, OtherTargetsStandWhereTheyAreReadToo) {
  const Subset all = every_row(sentences());
  const Subset first = all.with_rows(tokens({0}));
  const Dataset changed = *first.with_targets(tokens({4})).dataset;
  EXPECT_TRUE(changed.targets.equal(tokens({4, 1})));
  EXPECT_TRUE(changed.true_targets.equal(tokens({3, 1})));
  EXPECT_TRUE(changed.sequences.next[0].equal(tokens({2, 4, 0, -1})));
  EXPECT_TRUE(changed.inputs[0].to(at::kLong).equal(tokens({0, 2, 4, 0})));
  EXPECT_TRUE(changed.inputs[1].equal(all.dataset->inputs[1]));
  EXPECT_TRUE(all.dataset->content_hash() == sentences().content_hash()) << "left alone";
  changed.validate("changed");
  EXPECT_ERROR(ErrorKind::kUsage, all.with_rows(tokens({1})).with_targets(tokens({3})),
               HasSubstr("answers of one token"));
}

// An answer that is the last token is asked for and read nowhere.
TEST(Sequences, OtherTargetsAtTheEndAreReadNowhere) {
  Dataset dataset = sentences();
  dataset.sequences.answer_begin = tokens({1, 3});
  dataset.sequences.answer_size = tokens({1, 1});
  dataset.targets = tokens({3, 0});
  const Dataset changed =
      *every_row(dataset).with_rows(tokens({1})).with_targets(tokens({2})).dataset;
  EXPECT_TRUE(changed.sequences.next[1].equal(tokens({1, 2, 4, 2})));
  EXPECT_TRUE(changed.inputs.equal(dataset.inputs));
}

TEST(Sequences, CopiesStandBehind) {
  Sequences sequences = sentences().sequences;
  const Sequences before = sentences().sequences;
  sequences.append_copies(tokens({1, 1}));
  EXPECT_EQ(sequences.next.size(0), 4);
  EXPECT_TRUE(sequences.next.narrow(0, 0, 2).equal(before.next));
  for (const std::int64_t row : {2, 3}) {
    EXPECT_TRUE(sequences.next[row].equal(before.next[1]));
    EXPECT_TRUE(sequences.answer_begin[row].equal(before.answer_begin[1]));
    EXPECT_TRUE(sequences.answer_size[row].equal(before.answer_size[1]));
    EXPECT_TRUE(sequences.subject_end[row].equal(before.subject_end[1]));
    EXPECT_TRUE(sequences.fact[row].equal(before.fact[1]));
  }
}

TEST(Sequences, AreValidated) {
  sentences().validate("x");
  const auto error = [](const std::function<void(Dataset&)>& spoil) {
    Dataset dataset = sentences();
    spoil(dataset);
    return testing::error_message(ErrorKind::kData, [&] { dataset.validate("x.txt"); });
  };
  EXPECT_THAT(error([](Dataset& d) { d.inputs = d.inputs.to(at::kFloat); }),
              HasSubstr("x.txt: sequences are whole numbers of tokens"));
  EXPECT_THAT(error([](Dataset& d) { d.sequences.next = d.sequences.next.narrow(1, 0, 3); }),
              HasSubstr("must be said of every position"));
  EXPECT_THAT(error([](Dataset& d) { d.sequences.fact = tokens({1}); }),
              HasSubstr("must be said of every position"));
  EXPECT_THAT(error([](Dataset& d) { d.sequences.next[0][0] = 5; }),
              HasSubstr("none of the vocabulary"));
  EXPECT_THAT(error([](Dataset& d) { d.sequences.next[0][0] = -2; }),
              HasSubstr("none of the vocabulary"));
  EXPECT_THAT(error([](Dataset& d) {
                d.sequences.answer_size = tokens({1, 5});
              }),
              HasSubstr("an answer lies outside of its sequence"));
  EXPECT_THAT(error([](Dataset& d) {
                d.sequences.answer_size = tokens({0, 1});
              }),
              HasSubstr("an answer lies outside of its sequence"));
  EXPECT_THAT(error([](Dataset& d) {
                d.sequences.answer_begin = tokens({-1, 0});
              }),
              HasSubstr("an answer lies outside of its sequence"));
  EXPECT_THAT(error([](Dataset& d) {
                d.targets = tokens({2, 1});
              }),
              HasSubstr("a target is not the first token of its answer"));
  EXPECT_THAT(error([](Dataset& d) { d.targets = tokens({3, 5}); }), HasSubstr("has label 5"));
}

TEST(Sequences, AreAllPartOfTheContent) {
  const std::string hash = sentences().content_hash();
  EXPECT_EQ(sentences().content_hash(), hash);
  const std::vector<std::function<void(Dataset&)>> changes = {
      [](Dataset& d) { d.inputs[1][3] = 3; },
      [](Dataset& d) { d.sequences.next[0][2] = 1; },
      [](Dataset& d) { d.sequences.answer_begin[0] = 0; },
      [](Dataset& d) { d.sequences.answer_size[1] = 1; },
      [](Dataset& d) { d.sequences.subject_end[0] = 0; },
      [](Dataset& d) { d.sequences.fact[0] = 8; }};
  for (const auto& change : changes) {
    Dataset dataset = sentences();
    change(dataset);
    EXPECT_NE(dataset.content_hash(), hash);
  }
}

// The content of the first rows does not depend on what is written behind them.
TEST(Sequences, ContentOfTheFirstRowsAlone) {
  Dataset dataset = sentences();
  const std::string first = dataset.content_hash();
  dataset.inputs = at::cat({dataset.inputs, dataset.inputs});
  dataset.targets = at::cat({dataset.targets, dataset.targets});
  dataset.sequences.append_copies(tokens({0, 1}));
  EXPECT_EQ(dataset.content_hash(2), first);
  EXPECT_NE(dataset.content_hash(), first);
}

}  // namespace
}  // namespace oubli
