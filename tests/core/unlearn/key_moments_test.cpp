#include "core/unlearn/key_moments.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/expect_error.h"
#include "tests/support/fact_world.h"
#include "tests/support/numbers.h"

namespace oubli {
namespace {

using testing::relative_error;

struct KeyMomentsProblem {
  Model model = testing::learnt_gpt();
  Task task = testing::change_task({0, 3});
  std::vector<LinearMemory> memories{LinearMemory::of(model, 0), LinearMemory::of(model, 2)};
  CostMeter cost;

  // Position by position, of one memory.
  KeyMoments dense(std::size_t which, const Subset& text) {
    KeyMoments moments{at::zeros({32, 32}, at::kDouble), 0};
    const Batch batch = text.batch(0, text.size(), at::kDouble);
    for (std::int64_t t = 0; t < batch.inputs.size(1); ++t) {
      const Tensor at = at::full({text.size()}, t, at::kLong);
      const Tensor keys = read_memories(model, {memories[which]}, batch.inputs, at, cost)[0].keys;
      for (std::int64_t i = 0; i < text.size(); ++i) {
        if (batch.targets[i][t].item<std::int64_t>() < 0) continue;
        const double w = batch.weights.defined() ? batch.weights[i].item<double>() : 1;
        moments.sum += w * keys[i].outer(keys[i]);
        moments.positions += w;
      }
    }
    return moments;
  }
};

TEST(KeyMoments, AreSumsOverThePositionsWhereSomethingComesNext) {
  KeyMomentsProblem p;
  Subset text = p.task.retain;
  for (const bool has_weights : {false, true}) {
    if (has_weights) text.weights = at::linspace(0.5, 2, text.size(), at::kDouble);
    const auto found = key_moments(p.model, p.memories, text, p.cost);
    for (const std::size_t which : {0, 1}) {
      const KeyMoments dense = p.dense(which, text);
      EXPECT_LT(relative_error(found[which].sum, dense.sum), 1e-12);
      EXPECT_NEAR(found[which].positions, dense.positions, 1e-9);
    }
  }
}

TEST(KeyMoments, OfATaskLeaveOutWhatIsAdded) {
  KeyMomentsProblem p;
  const auto found = moments_of_task(p.model, p.memories, p.task, p.cost);
  const Subset kept =
      p.task.retain.with_rows(rows_difference(p.task.retain.rows, p.task.added.rows));
  EXPECT_TRUE(found[0].sum.equal(key_moments(p.model, p.memories, kept, p.cost)[0].sum));
}

TEST(KeyMoments, OfALaterRequestAreTheFirstOnes) {
  KeyMomentsProblem p;
  const auto first = moments_of_task(p.model, p.memories, p.task, p.cost);
  p.task.state = std::make_shared<MethodState>(state_of(first, p.memories));
  p.task.retain = p.task.retain.with_rows(p.task.retain.rows.narrow(0, 0, 5));
  const double cost = p.cost.sample_gradients();
  const auto second = moments_of_task(p.model, p.memories, p.task, p.cost);
  EXPECT_EQ(p.cost.sample_gradients(), cost);
  EXPECT_EQ(checksum(second), checksum(first));
  EXPECT_TRUE(second[1].sum.equal(first[1].sum));
}

TEST(KeyMoments, ARidgeIsRelativeToTheMeanDiagonal) {
  KeyMomentsProblem p;
  const KeyMoments found = key_moments(p.model, p.memories, p.task.retain, p.cost)[0];
  const Tensor c0 = found.sum / found.positions;
  EXPECT_LT(relative_error(found.mean(), c0), 1e-15);
  const Tensor added = found.mean(0.5) - c0;
  EXPECT_LT(relative_error(added, 0.5 * c0.diagonal().mean() * at::eye(32, at::kDouble)), 1e-12);
}

TEST(KeyMoments, NeedAText) {
  KeyMomentsProblem p;
  const Subset none = p.task.retain.with_rows(at::empty({0}, at::kLong));
  EXPECT_ERROR(ErrorKind::kTask, key_moments(p.model, p.memories, none, p.cost),
               ::testing::HasSubstr("nothing remains"));
}

}  // namespace
}  // namespace oubli
