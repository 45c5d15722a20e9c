#include "core/train/batches.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

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

}  // namespace
}  // namespace oubli
