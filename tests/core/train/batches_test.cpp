#include "core/train/batches.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "experiments/selftest/problems.h"

namespace oubli {
namespace {

Tensor rows_of_epoch(BatchStream& stream) {
  Tensors rows;
  for (const Batch& batch : stream) rows.push_back(batch.rows.clone());
  return at::cat(rows);
}

TEST(BatchStream, EachEpochIsAllOfTheSetInANewOrder) {
  const Subset all = testing::all_of(testing::make_dataset(60, 3, 2));
  const Generator generator(0);
  BatchStream stream(all, {.batch_size = 16, .augmentation = {}, .dtype = at::kDouble},
                     generator.stream("order"), generator.stream("augmentation"));
  const Tensor first = rows_of_epoch(stream), second = rows_of_epoch(stream);
  for (const Tensor& epoch : {first, second}) {
    EXPECT_TRUE(std::get<0>(epoch.sort()).equal(all.rows));
  }
  EXPECT_FALSE(first.equal(second));
  EXPECT_FALSE(first.equal(all.rows));
}

// Beside a loop over a larger set the epochs follow each other.
TEST(BatchStream, NextGoesOnWithANewEpoch) {
  const Subset all = testing::all_of(testing::make_dataset(12, 3, 2));
  const Generator generator(0);
  BatchStream stream(all, {.batch_size = 4, .augmentation = {}, .dtype = at::kDouble},
                     generator.stream("order"), generator.stream("augmentation"));
  Tensors epochs[2];
  for (Tensors& epoch : epochs) {
    for (int i = 0; i < 3; ++i) epoch.push_back(stream.next().rows.clone());
    EXPECT_TRUE(std::get<0>(at::cat(epoch).sort()).equal(all.rows));
  }
  EXPECT_FALSE(at::cat(epochs[0]).equal(at::cat(epochs[1])));
}

Tensors batches_of_epoch(BatchStream& stream) {
  Tensors batches;
  for (const Batch& batch : stream) batches.push_back(batch.rows.clone());
  return batches;
}

TEST(BatchStream, InASharedOrderWhatSubsetsHaveInCommonComesInTheSameBatches) {
  auto data = std::make_shared<Dataset>(*testing::make_dataset(200, 3, 2));
  data->training_rows = 200;
  const Subset all = testing::all_of(data), some = all.with_rows(at::arange(0, 200, 3));
  const Generator generator(0);
  const BatchOptions options{.batch_size = 20, .shared_order = true, .dtype = at::kDouble};
  const auto stream_of = [&](const Subset& subset) {
    return BatchStream(subset, options, generator.stream("order"), generator.stream("other"));
  };
  BatchStream whole = stream_of(all), part = stream_of(some);
  EXPECT_EQ(whole.batches(), 10);
  EXPECT_EQ(part.batches(), 10);
  for (int epoch = 0; epoch < 3; ++epoch) {
    Tensors expected;
    for (const Tensor& rows : batches_of_epoch(whole)) {
      const Tensor kept = rows.index({rows.remainder(3).eq(0)});
      if (kept.numel() > 0) expected.push_back(kept);
    }
    const Tensors found = batches_of_epoch(part);
    ASSERT_EQ(found.size(), expected.size());
    for (std::size_t i = 0; i < found.size(); ++i) EXPECT_TRUE(found[i].equal(expected[i]));
    EXPECT_TRUE(std::get<0>(at::cat(found).sort()).equal(some.rows));
  }
}

// Rows 0 .. 99 come from the start, the others in the second half of four epochs; what comes early
// does so in the same batches as if the others had been there.
TEST(BatchStream, RowsThatAreFirstSeenLateAreLeftOutBefore) {
  auto data = std::make_shared<Dataset>(*testing::make_dataset(200, 3, 2));
  data->training_rows = 200;
  const Generator generator(0);
  const auto epochs_of = [&](std::int64_t epochs) {
    BatchStream stream(
        testing::all_of(data),
        {.batch_size = 20, .shared_order = true, .epochs = epochs, .dtype = at::kDouble},
        generator.stream("order"), generator.stream("other"));
    EXPECT_EQ(stream.batches(), 10);
    std::vector<Tensors> found(4);
    for (Tensors& epoch : found) epoch = batches_of_epoch(stream);
    return found;
  };
  const std::vector<Tensors> from_start = epochs_of(4);
  data->first_seen = at::arange(200).ge(100).to(at::kDouble) * 0.5;
  const std::vector<Tensors> late = epochs_of(4);
  for (std::size_t epoch = 0; epoch < 4; ++epoch) {
    std::vector<Tensor> expected;
    for (const Tensor& rows : from_start[epoch]) {
      const Tensor kept = epoch < 2 ? rows.index({rows.lt(100)}) : rows;
      if (kept.numel() > 0) expected.push_back(kept);
    }
    ASSERT_EQ(late[epoch].size(), expected.size()) << epoch;
    for (std::size_t i = 0; i < expected.size(); ++i) {
      EXPECT_TRUE(late[epoch][i].equal(expected[i])) << epoch;
    }
  }
  EXPECT_EQ(at::cat(epochs_of(0).front()).numel(), 200) << "no training, no late rows";
}

TEST(BatchStream, ASharedOrderChangesFromEpochToEpochAndIsSpread) {
  const Subset all = testing::all_of(testing::make_dataset(2000, 1, 2));
  const Generator generator(5);
  BatchStream stream(all, {.batch_size = 100, .shared_order = true, .dtype = at::kDouble},
                     generator.stream("order"), generator.stream("other"));
  const Tensors first = batches_of_epoch(stream), second = batches_of_epoch(stream);
  EXPECT_FALSE(at::cat(first).equal(at::cat(second)));
  ASSERT_EQ(first.size(), 20U);
  for (const Tensor& rows : first) {  // binomial: mean 100, deviation 9.7
    EXPECT_GT(rows.numel(), 50);
    EXPECT_LT(rows.numel(), 150);
    // Of rows 0 to 1999 the mean is 999.5, of a hundred drawn it scatters by 58.
    EXPECT_LT(std::abs(rows.to(at::kDouble).mean().item<double>() - 999.5), 300);
  }
}

}  // namespace
}  // namespace oubli
