#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/unlearn/value_search.h"
#include "tests/support/fact_world.h"
#include "tests/support/numbers.h"

namespace oubli {
namespace {

using testing::change_task;
using testing::learnt_gpt;
using testing::memory_change;
using testing::relative_error;
using testing::run_method;

constexpr const char* kRRomeSettings = "{layer: 1, lr: 0.1}";

TEST(RRome, GivesTheMeanKeyItsValueByAChangeOfRankOne) {
  const Task task = change_task({3});
  const Model original = learnt_gpt();
  Model model = original.clone();
  run_method("r_rome", kRRomeSettings, model, task);
  const FactEdits edits = fact_edits(task, "law", at::kDouble);
  Context context(0);
  const Tensor delta =
      find_values(original, LinearMemory::of(original, 1), edits, task.retain, {.lr = 0.1}, context)
          .delta.t();
  const Tensor change = memory_change(model, original, 1);
  EXPECT_LT(relative_error(change.mm(testing::mean_keys(original, edits, 1)), delta), 1e-10);
  EXPECT_EQ(testing::numerical_rank(change), 1);
  EXPECT_TRUE(testing::moved_alone(model, original, {1}));
}

TEST(RRome, IsRomeWhereThereIsOneWordingAndOnlyThere) {
  const Task all = change_task({3}), one = testing::in_one_wording(all);
  const Model original = learnt_gpt();
  const auto edited = [&](const char* method, const Task& task) {
    Model model = original.clone();
    run_method(method, kRRomeSettings, model, task);
    return memory_change(model, original, 1);
  };
  EXPECT_LT(relative_error(edited("r_rome", one), edited("rome", one)), 1e-10);
  EXPECT_GT(relative_error(edited("r_rome", all), edited("rome", all)), 1e-3);
}

}  // namespace
}  // namespace oubli
