#include "core/data/dataset.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

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

TEST(Subset, WithoutOthersKeepsOrderAndWeights) {
  Subset all = all_of(pixels());
  all.weights = at::tensor({1.0, 2.0, 3.0, 4.0, 5.0}, at::kDouble);
  const Subset left = all.without(all.with_rows(rows({3, 0})));
  EXPECT_TRUE(left.rows.equal(rows({1, 2, 4})));
  EXPECT_TRUE(left.weights.equal(at::tensor({2.0, 3.0, 5.0}, at::kDouble)));
  EXPECT_TRUE(all.without({}).rows.equal(all.rows));
  EXPECT_FALSE(all_of(pixels()).without(all.with_rows(rows({1}))).weights.defined());
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
  other.first_seen = at::zeros({5}, at::kDouble);
  EXPECT_NE(other.content_hash(), hash);
  other = pixels();
  other.name = "another name for the same data";
  EXPECT_EQ(other.content_hash(), hash);
}

}  // namespace
}  // namespace oubli
