#include "core/unlearn/shards.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <set>

#include "core/unlearn/initial_training.h"
#include "core/unlearn/training_procedure.h"
#include "experiments/selftest/problems.h"
#include "tests/support/expect_error.h"

namespace oubli {
namespace {

using ::testing::HasSubstr;

TEST(Shards, AreOfEqualSizeInExpectation) {
  const Shards shards{7, 3, 5};
  constexpr std::int64_t kRows = 210'000;
  std::map<std::pair<std::int64_t, std::int64_t>, double> counts;
  for (std::int64_t row = 0; row < kRows; ++row) {
    const Shards::Place place = shards.place_of(row);
    counts[{place.shard, place.slice}] += 1;
  }
  ASSERT_EQ(counts.size(), 21u);
  double chi_squared = 0;
  for (const auto& [place, count] : counts) {
    ASSERT_LT(place.first, 7);
    ASSERT_LT(place.second, 3);
    chi_squared += std::pow(count - kRows / 21.0, 2) / (kRows / 21.0);
  }
  // 20 degrees of freedom: 45.3 has a tail of 0.001. Equal to the row would be 0.
  EXPECT_LT(chi_squared, 45.3);
  EXPECT_GT(chi_squared, 5.9);
}

TEST(Shards, RowsKeepTheirPlacesWhateverElseThereIs) {
  const Shards shards{4, 3, 9};
  const auto data = testing::make_dataset(60, 2, 3);
  Subset all = testing::all_of(data);
  all.weights = at::arange(60).to(at::kDouble);
  const Subset some = all.with_rows(at::arange(0, 60, 2).flip(0));
  std::set<std::int64_t> found;
  for (std::int64_t shard = 0; shard < 4; ++shard) {
    const Subset before = shards.members(all, shard, 2), after = shards.members(some, shard, 2);
    EXPECT_TRUE(before.weights.equal(before.rows.to(at::kDouble)));
    const Tensor even = before.rows.masked_select(before.rows.remainder(2).eq(0));
    EXPECT_TRUE(after.rows.equal(even)) << after.rows << even;  // ascending, too
    const Tensor first = shards.members(all, shard, 0).rows;
    EXPECT_EQ(rows_difference(first, before.rows).numel(), 0);
    for (std::int64_t i = 0; i < before.rows.numel(); ++i) {
      EXPECT_TRUE(found.insert(before.rows[i].item<std::int64_t>()).second);
    }
  }
  EXPECT_EQ(found.size(), 60u);
}

TEST(Shards, KnowTheFirstSliceOfEachShardThatHoldsARow) {
  const Shards shards{5, 4, 1};
  const Tensor rows = at::arange(100, 112);
  std::vector<std::int64_t> expected(5, 4);
  for (std::int64_t row = 100; row < 112; ++row) {
    const Shards::Place place = shards.place_of(row);
    std::int64_t& slice = expected[static_cast<std::size_t>(place.shard)];
    slice = std::min(slice, place.slice);
  }
  EXPECT_EQ(shards.first_slices(rows), expected);
  EXPECT_EQ(shards.first_slices(at::empty({0}, at::kLong)), std::vector<std::int64_t>(5, 4));
}

TEST(Shards, AreTouchedAsExpected) {
  constexpr int kDraws = 4000, kRows = 8;
  double sum = 0, squares = 0;
  for (int draw = 0; draw < kDraws; ++draw) {
    const Shards shards{10, 1, static_cast<std::uint64_t>(draw)};
    double touched = 0;
    for (const std::int64_t first : shards.first_slices(at::arange(50, 50 + kRows))) {
      touched += first < 1 ? 1 : 0;
    }
    sum += touched;
    squares += touched * touched;
  }
  const double mean = sum / kDraws, variance = squares / kDraws - mean * mean;
  const double expected = 10 * (1 - std::pow(0.9, kRows));
  EXPECT_DOUBLE_EQ((Shards{10, 1, 0}.expected_shards(kRows)), expected);
  EXPECT_NEAR(mean, expected, 4 * std::sqrt(variance / kDraws));
}

TEST(SliceEpochs, CostAsMuchAsWithoutSlices) {
  EXPECT_EQ(epochs_of_slice(17, 1, 0), 17);
  for (const std::int64_t slices : {2, 3, 5, 9, 20}) {
    for (const std::int64_t epochs : {11, 12, 20, 100}) {
      const double exact = 2.0 * static_cast<double>(epochs) / static_cast<double>(slices + 1);
      double passes = 0, stages = 0;
      for (std::int64_t r = 0; r < slices; ++r) {
        const auto own = static_cast<double>(epochs_of_slice(epochs, slices, r));
        EXPECT_GE(own, 1);
        EXPECT_LT(std::abs(own - exact), 1);
        passes += own * static_cast<double>(r + 1) / static_cast<double>(slices);
        stages += own;
      }
      EXPECT_NEAR(stages, exact * static_cast<double>(slices), 0.5);
      EXPECT_NEAR(passes, static_cast<double>(epochs), 0.75) << slices << " " << epochs;
    }
  }
  EXPECT_EQ(most_slices(3), 5);
  EXPECT_EQ(epochs_of_slice(3, 5, 4), 1);
  EXPECT_ERROR(ErrorKind::kUsage, epochs_of_slice(3, 6, 0), HasSubstr("6 slices"));
}

TEST(ShardedTraining, OfOneShardAndOneSliceIsPlainTraining) {
  const auto data = testing::make_images(40, 1, 8, 3, 0, at::kFloat);
  for (const char* optimizer : {"sgd", "adam", "lbfgs"}) {
    Task task = testing::removal_task(data, 0, 0.01);
    task.recipe.optimizer.name = optimizer;
    task.recipe.optimizer.tolerance = 1e-4;
    task.recipe.augmentation.crop = 1;
    task.recipe.schedule.name = "cosine";
    task.recipe.epochs = 3;
    task.recipe.batch_size = 16;
    if (task.recipe.optimizer.is_full_batch()) task.recipe.augmentation = {};
    const TrainingPlan plan{task.recipe, "sharded", {{"shards", 1}, {"slices", 1}}};
    Model plain =
        testing::make_model("convnet", "{channels: [4], norm: batch}", *data, 0, at::kFloat);
    Model sharded = plain.clone();
    Context a(7), b(7);
    MethodState record;
    const TrainingReport expected = train_from_start(plain, task.train, task.recipe, a);
    const TrainingReport report = train_by_plan(sharded, task.train, plan, b, record);
    EXPECT_TRUE(sharded.theta().equal(plain.theta())) << optimizer;
    for (std::size_t i = 0; i < plain.buffers().size(); ++i) {
      EXPECT_TRUE(sharded.buffers()[i].equal(plain.buffers()[i])) << optimizer;
    }
    EXPECT_EQ(report.status, expected.status) << optimizer;
    EXPECT_EQ(report.loss, expected.loss);
    EXPECT_DOUBLE_EQ(report.gradient_norm, expected.gradient_norm);
    EXPECT_EQ(report.sample_gradients, expected.sample_gradients);
    EXPECT_TRUE(record.tensors.empty());
  }
}

}  // namespace
}  // namespace oubli
