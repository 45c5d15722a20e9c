#include "core/data/dataset.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <functional>
#include <limits>

#include "tests/support/expect_error.h"

namespace oubli {
namespace {

using ::testing::HasSubstr;

Tensor rows(const std::vector<std::int64_t>& values) { return at::tensor(values, at::kLong); }

Dataset pixels() {
  Dataset dataset;
  dataset.inputs = at::arange(5 * 3 * 2 * 2).remainder(256).to(at::kByte).view({5, 3, 2, 2});
  dataset.targets = rows({0, 1, 2, 0, 1});
  dataset.outputs = 3;
  dataset.scale = 1.0 / 255;
  dataset.mean = {0.1, 0.2, 0.3};
  dataset.deviation = {0.5, 0.25, 2.0};
  return dataset;
}

Subset all_of(Dataset dataset) {
  const std::int64_t n = dataset.size();
  return {std::make_shared<const Dataset>(std::move(dataset)), at::arange(n), {}};
}

TEST(Subset, NormalisesByChannel) {
  const Dataset dataset = pixels();
  const Batch batch = all_of(pixels()).batch(0, 5, at::kDouble);
  for (std::int64_t c = 0; c < 3; ++c) {
    const auto channel = static_cast<std::size_t>(c);
    const Tensor expected =
        (dataset.inputs.select(1, c).to(at::kDouble) / 255 - dataset.mean[channel]) /
        dataset.deviation[channel];
    EXPECT_TRUE(batch.inputs.select(1, c).allclose(expected, 1e-14, 1e-14));
  }
  EXPECT_EQ(dataset.inputs.scalar_type(), at::kByte);
}

TEST(Subset, OneMeanAndManyDeviationsAreBothUsed) {
  Dataset dataset = pixels();
  dataset.mean = {0.5};
  const Tensor found = all_of(dataset).batch(0, 5, at::kDouble).inputs;
  const Tensor expected = (dataset.inputs.select(1, 2).to(at::kDouble) / 255 - 0.5) / 2.0;
  EXPECT_TRUE(found.select(1, 2).allclose(expected, 1e-14, 1e-14));
}

TEST(Subset, NormalisesFlatInputsAndLeavesTheDataSetAlone) {
  Dataset dataset;
  dataset.inputs = at::arange(6, at::kDouble).view({3, 2});
  dataset.targets = at::ones({3, 1}, at::kDouble);
  dataset.outputs = 1;
  dataset.mean = {2.0};
  dataset.deviation = {4.0};
  const Tensor before = dataset.inputs.clone();
  const Subset subset = all_of(dataset);
  const Batch batch = subset.batch(0, 3, at::kDouble);
  EXPECT_TRUE(batch.inputs.allclose((before - 2) / 4));
  EXPECT_TRUE(subset.dataset->inputs.equal(before));
  dataset.mean = {0.0};
  dataset.deviation = {1.0};
  const Subset plain = all_of(dataset);
  plain.batch(0, 3, at::kDouble).inputs.add_(1);
  EXPECT_TRUE(plain.dataset->inputs.equal(before));
  EXPECT_EQ(plain.batch(0, 2, at::kFloat).targets.scalar_type(), at::kFloat);
}

// Float32 has steps of 128 there.
TEST(Subset, SubtractsTheMeanBeforeItRounds) {
  Dataset dataset;
  dataset.inputs = 1.7e9 + at::arange(6, at::kDouble).view({6, 1});
  dataset.targets = rows({0, 1, 2, 0, 1, 2});
  dataset.outputs = 3;
  dataset.mean = {1.7e9};
  dataset.deviation = {2.0};
  const Tensor found = all_of(dataset).batch(0, 6, at::kFloat).inputs;
  EXPECT_TRUE(found.equal(at::arange(6).to(at::kFloat).view({6, 1}) / 2));
}

TEST(Subset, UnitMeanWeightsKeepTheObjective) {
  Subset subset = all_of(pixels());
  EXPECT_FALSE(subset.with_unit_mean_weights().weights.defined());
  subset.weights = at::tensor({1.0, 2.0, 0.0, 4.0, 3.0}, at::kDouble);
  const Tensor found = subset.with_unit_mean_weights().weights;
  EXPECT_TRUE(found.allclose(subset.weights / 2, 1e-15, 0));
}

TEST(Subset, BatchesCoverItInOrder) {
  Subset subset = all_of(pixels()).with_rows(rows({4, 2, 0}));
  subset.weights = at::tensor({0.5, 2.0, 1.0}, at::kDouble);
  EXPECT_EQ(subset.total_weight(), 3.5);
  const Batch first = subset.batch(0, 2, at::kFloat);
  const Batch last = subset.batch(2, 2, at::kFloat);
  EXPECT_TRUE(first.targets.equal(rows({1, 2})));
  EXPECT_EQ(last.inputs.size(0), 1);
  EXPECT_EQ(last.targets.item<std::int64_t>(), 0);
  EXPECT_EQ(last.weights.item<float>(), 1.0F);
  const Batch chosen = subset.batch_at(rows({2, 0}), at::kFloat);
  EXPECT_TRUE(chosen.targets.equal(rows({0, 1})));
  EXPECT_TRUE(chosen.weights.equal(at::tensor({1.0, 0.5}, at::kFloat)));
  EXPECT_TRUE(chosen.inputs[1].equal(first.inputs[0]));
  EXPECT_EQ(all_of(pixels()).total_weight(), 5.0);
}

TEST(Rows, UnionAndDifferenceAreSorted) {
  EXPECT_TRUE(rows_union(rows({5, 1}), rows({3, 1})).equal(rows({1, 3, 5})));
  EXPECT_TRUE(rows_difference(rows({5, 1, 3}), rows({3, 9})).equal(rows({1, 5})));
  EXPECT_EQ(rows_difference(rows({1}), rows({1})).numel(), 0);
  EXPECT_TRUE(rows_union(rows({}), rows({2})).equal(rows({2})));
  EXPECT_TRUE(rows_difference(rows({2, 1}), rows({})).equal(rows({1, 2})));
}

TEST(Dataset, ValidatesWhatItHolds) {
  pixels().validate("x");
  Dataset dataset = pixels();
  dataset.targets = rows({0, 1, 3, 0, -1});
  EXPECT_ERROR(ErrorKind::kData, dataset.validate("x.bin"),
               HasSubstr("x.bin: example 2 has label 3, expected 0 to 2."));
  dataset.targets = rows({0, 1});
  EXPECT_ERROR(ErrorKind::kData, dataset.validate("x"), HasSubstr("5 inputs but 2 targets"));
  dataset.targets = Tensor();
  EXPECT_ERROR(ErrorKind::kData, dataset.validate("x"), HasSubstr("5 inputs but 0 targets"));
  dataset.targets = rows({0, 1, 2, 0, 1}).to(at::kInt);
  EXPECT_ERROR(ErrorKind::kData, dataset.validate("x"), HasSubstr("targets must be int64"));
  dataset = pixels();
  dataset.deviation = {1.0, 0.0, 1.0};
  EXPECT_ERROR(ErrorKind::kData, dataset.validate("x"),
               HasSubstr("a deviation of 0 cannot normalise"));
  dataset.deviation = {1.0, 1.0};
  EXPECT_ERROR(ErrorKind::kData, dataset.validate("x"), HasSubstr("2 deviations for 3 channels"));
  dataset = pixels();
  dataset.true_targets = rows({1});
  EXPECT_ERROR(ErrorKind::kData, dataset.validate("x"), HasSubstr("before corruption"));
  EXPECT_ERROR(ErrorKind::kData, Dataset().validate("x"), HasSubstr("holds no examples"));
}

TEST(Dataset, NonFiniteValuesAreNamedByExample) {
  Dataset dataset;
  dataset.inputs = at::zeros({4, 2}, at::kDouble);
  dataset.inputs[2][1] = std::numeric_limits<double>::quiet_NaN();
  dataset.targets = at::zeros({4, 1}, at::kDouble);
  dataset.outputs = 1;
  EXPECT_ERROR(ErrorKind::kData, dataset.validate("x"),
               HasSubstr("an input of example 2 is not a finite number (1 such values in all)"));
  dataset.inputs.zero_();
  dataset.targets[3][0] = std::numeric_limits<double>::infinity();
  EXPECT_ERROR(ErrorKind::kData, dataset.validate("x"), HasSubstr("a target of example 3"));
}

TEST(Dataset, ContentHashSeesDataAndNormalisation) {
  const std::string hash = pixels().content_hash();
  EXPECT_EQ(pixels().content_hash(), hash);
  Dataset other = pixels();
  other.mean[2] = 0.31;
  EXPECT_NE(other.content_hash(), hash);
  other = pixels();
  other.targets = rows({0, 1, 2, 0, 2});
  EXPECT_NE(other.content_hash(), hash);
  other = pixels();
  other.name = "another name for the same data";
  EXPECT_EQ(other.content_hash(), hash);
}

// Two sentences of four positions: the answer of the first is 3, of the second 1 2.
Dataset sentences() {
  Dataset dataset;
  dataset.inputs = at::tensor({0, 2, 3, 0, 0, 1, 2, 4}, at::kInt).view({2, 4});
  dataset.outputs = 5;
  dataset.sequences = {.next = at::tensor({2, 3, 0, -1, 1, 2, 4, 0}, at::kLong).view({2, 4}),
                       .answer_begin = rows({1, 0}),
                       .answer_size = rows({1, 2}),
                       .subject_end = rows({1, -1}),
                       .fact = rows({7, -1})};
  dataset.targets = rows({3, 1});
  return dataset;
}

TEST(Sequences, BatchesAskForEveryPosition) {
  const Subset subset = all_of(sentences()).with_rows(rows({1, 0}));
  const Batch batch = subset.batch(0, 2, at::kDouble);
  EXPECT_EQ(batch.inputs.scalar_type(), at::kDouble);
  EXPECT_TRUE(batch.inputs[0].equal(at::tensor({0.0, 1.0, 2.0, 4.0}, at::kDouble)));
  EXPECT_TRUE(batch.targets.equal(sentences().sequences.next.index_select(0, rows({1, 0}))));
  EXPECT_TRUE(batch.rows.equal(rows({1, 0})));
  EXPECT_TRUE(batch.narrow(1, 1).rows.equal(rows({0})));
  EXPECT_TRUE(subset.batch_at(rows({1}), at::kFloat).rows.equal(rows({0})));
}

TEST(Sequences, AnswersAndOutputsAtThem) {
  const Dataset dataset = sentences();
  const Tensor expected = at::tensor({1, 1, 0, 0, 0, 1, 0, 0}, at::kLong).view({2, 4});
  EXPECT_TRUE(dataset.sequences.answers(rows({1, 0})).to(at::kLong).equal(expected));
  const Tensor values = at::arange(2 * 4 * 3).view({2, 4, 3});
  EXPECT_TRUE(
      dataset.at_answers(values, rows({1, 0})).equal(at::stack({values[0][0], values[1][1]})));
  const Tensor flat = at::arange(6).view({2, 3});
  EXPECT_TRUE(pixels().at_answers(flat, rows({0, 1})).equal(flat)) << "others as they are";
}

TEST(Sequences, OtherTargetsStandWhereTheyAreReadToo) {
  const Subset all = all_of(sentences());
  const Subset first = all.with_rows(rows({0}));
  const Dataset changed = *first.with_targets(rows({4})).dataset;
  EXPECT_TRUE(changed.targets.equal(rows({4, 1})));
  EXPECT_TRUE(changed.true_targets.equal(rows({3, 1})));
  EXPECT_TRUE(changed.sequences.next[0].equal(rows({2, 4, 0, -1})));
  EXPECT_TRUE(changed.inputs[0].to(at::kLong).equal(rows({0, 2, 4, 0})));
  EXPECT_TRUE(changed.inputs[1].equal(all.dataset->inputs[1]));
  EXPECT_TRUE(all.dataset->content_hash() == sentences().content_hash()) << "left alone";
  changed.validate("changed");
  EXPECT_ERROR(ErrorKind::kUsage, all.with_rows(rows({1})).with_targets(rows({3})),
               HasSubstr("answers of one token"));
}

// An answer that is the last token is asked for and read nowhere.
TEST(Sequences, OtherTargetsAtTheEndAreReadNowhere) {
  Dataset dataset = sentences();
  dataset.sequences.answer_begin = rows({1, 3});
  dataset.sequences.answer_size = rows({1, 1});
  dataset.targets = rows({3, 0});
  const Dataset changed = *all_of(dataset).with_rows(rows({1})).with_targets(rows({2})).dataset;
  EXPECT_TRUE(changed.sequences.next[1].equal(rows({1, 2, 4, 2})));
  EXPECT_TRUE(changed.inputs.equal(dataset.inputs));
}

TEST(Sequences, CopiesStandBehind) {
  Sequences sequences = sentences().sequences;
  const Sequences before = sentences().sequences;
  sequences.append_copies(rows({1, 1}));
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
  EXPECT_THAT(error([](Dataset& d) { d.sequences.fact = rows({1}); }),
              HasSubstr("must be said of every position"));
  EXPECT_THAT(error([](Dataset& d) { d.sequences.next[0][0] = 5; }),
              HasSubstr("none of the vocabulary"));
  EXPECT_THAT(error([](Dataset& d) { d.sequences.next[0][0] = -2; }),
              HasSubstr("none of the vocabulary"));
  EXPECT_THAT(error([](Dataset& d) {
                d.sequences.answer_size = rows({1, 5});
              }),
              HasSubstr("an answer lies outside of its sequence"));
  EXPECT_THAT(error([](Dataset& d) {
                d.sequences.answer_size = rows({0, 1});
              }),
              HasSubstr("an answer lies outside of its sequence"));
  EXPECT_THAT(error([](Dataset& d) {
                d.sequences.answer_begin = rows({-1, 0});
              }),
              HasSubstr("an answer lies outside of its sequence"));
  EXPECT_THAT(error([](Dataset& d) {
                d.targets = rows({2, 1});
              }),
              HasSubstr("a target is not the first token of its answer"));
  EXPECT_THAT(error([](Dataset& d) { d.targets = rows({3, 5}); }), HasSubstr("has label 5"));
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
TEST(Dataset, ContentOfTheFirstRowsAlone) {
  Dataset dataset = sentences();
  const std::string first = dataset.content_hash();
  dataset.inputs = at::cat({dataset.inputs, dataset.inputs});
  dataset.targets = at::cat({dataset.targets, dataset.targets});
  dataset.sequences.append_copies(rows({0, 1}));
  EXPECT_EQ(dataset.content_hash(2), first);
  EXPECT_NE(dataset.content_hash(), first);
}

}  // namespace
}  // namespace oubli
