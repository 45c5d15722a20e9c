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

Tensor emmet_change(const char* method, const char* settings, const Task& task) {
  const Model original = learnt_gpt();
  Model model = original.clone();
  run_method(method, settings, model, task);
  return memory_change(model, original, 1);
}

TEST(Emmet, WithNothingLeftBehindGivesEveryKeyItsValue) {
  const Task task = change_task({0, 3, 4});
  const Model original = learnt_gpt();
  const FactEdits edits = fact_edits(task, "law", at::kDouble);
  Context context(0);
  const Tensor delta =
      find_values(original, LinearMemory::of(original, 1), edits, task.retain, {.lr = 0.1}, context)
          .delta.t();
  const Tensor change = emmet_change("emmet", "{layer: 1, lr: 0.1, lambda_e: 0}", task);
  EXPECT_LT(relative_error(change.mm(testing::mean_keys(original, edits, 1)), delta), 1e-9);
  EXPECT_EQ(testing::numerical_rank(change), 3);
}

TEST(Emmet, OfOneFactIsRRome) {
  const Task task = change_task({3});
  EXPECT_LT(relative_error(emmet_change("emmet", "{layer: 1, lr: 0.1, lambda_e: 0}", task),
                           emmet_change("r_rome", "{layer: 1, lr: 0.1}", task)),
            1e-10);
}

TEST(Emmet, OfOneFactAndOneWordingIsRome) {
  const Task task = testing::in_one_wording(change_task({3}));
  EXPECT_LT(relative_error(emmet_change("emmet", "{layer: 1, lr: 0.1, lambda_e: 0}", task),
                           emmet_change("rome", "{layer: 1, lr: 0.1}", task)),
            1e-10);
}

// The same value search, so that only the forms of the two solves differ.
TEST(Emmet, IsMemitAtOneLayer) {
  const Task task = change_task({0, 3, 4});
  const Tensor memit = emmet_change(
      "memit", "{layers: [1], lr: 0.1, lambda: 0.3, clamp: 100, weight_decay: 0}", task);
  const Tensor emmet = emmet_change(
      "emmet", "{layer: 1, lr: 0.1, lambda_e: 0.3, clamp: 100, weight_decay: 0}", task);
  EXPECT_LT(relative_error(emmet, memit), 1e-9);
}

}  // namespace
}  // namespace oubli
