#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/unlearn/key_moments.h"
#include "core/unlearn/value_search.h"
#include "tests/support/expect_error.h"
#include "tests/support/fact_world.h"
#include "tests/support/numbers.h"

namespace oubli {
namespace {

using testing::change_task;
using ::testing::HasSubstr;
using testing::learnt_gpt;
using testing::memory_change;
using testing::relative_error;
using testing::run_method;

constexpr const char* kRomeSettings = "{layer: 1, lr: 0.1, ridge: 1e-3}";

// What the method searches for at layer 1.
Tensor rome_delta(const Model& model, const Task& task, const FactEdits& edits) {
  Context context(0);
  return find_values(model, LinearMemory::of(model, 1), edits, task.retain, {.lr = 0.1}, context)
      .delta.t();
}

TEST(Rome, GivesTheFirstWordingsKeyItsValueByAChangeOfRankOne) {
  const Task task = change_task({3});
  const Model original = learnt_gpt();
  Model model = original.clone();
  const UnlearnReport report = run_method("rome", kRomeSettings, model, task);
  const FactEdits edits = fact_edits(task, "law", at::kDouble);
  CostMeter cost;
  const LinearMemory memory = LinearMemory::of(model, 1);
  const MemoryContents was =
      read_memories(original, {memory}, edits.inputs, edits.answer_begin, cost)[0];
  const MemoryContents is =
      read_memories(model, {memory}, edits.inputs, edits.answer_begin, cost)[0];
  const Tensor wanted = edits.first(was.values) + rome_delta(original, task, edits).t();
  EXPECT_LT(relative_error(edits.first(is.values), wanted), 1e-10);
  EXPECT_EQ(testing::numerical_rank(memory_change(model, original, 1)), 1);
  EXPECT_TRUE(testing::moved_alone(model, original, {1}));
  EXPECT_LT(report.details["loss_after"][0].get<double>(),
            0.5 * report.details["loss_before"][0].get<double>());
}

// min tr(D C D') subject to D k = delta, by its Lagrange conditions in one dense system.
TEST(Rome, OfOneWordingIsTheConstrainedLeastSquaresSolution) {
  const Task task = testing::in_one_wording(change_task({3}));
  const Model original = learnt_gpt();
  Model model = original.clone();
  run_method("rome", kRomeSettings, model, task);
  const FactEdits edits = fact_edits(task, "law", at::kDouble);
  const Tensor k = testing::mean_keys(original, edits, 1);
  CostMeter cost;
  const Tensor c =
      moments_of_task(original, {LinearMemory::of(original, 1)}, task, cost)[0].mean(1e-3);
  const Tensor system =
      at::cat({at::cat({c, k}, 1), at::cat({k.t(), at::zeros({1, 1}, at::kDouble)}, 1)});
  const Tensor right =
      at::cat({at::zeros({32, 8}, at::kDouble), rome_delta(original, task, edits).t()});
  const Tensor solved = at::linalg_solve(system, right).narrow(0, 0, 32).t();
  EXPECT_LT(relative_error(memory_change(model, original, 1), solved), 1e-9);
}

// The second of two facts is written into the model that holds the first.
TEST(Rome, WritesOneFactAfterAnother) {
  const Task both = change_task({0, 3});
  const Model original = learnt_gpt();
  Model at_once = original.clone();
  run_method("rome", kRomeSettings, at_once, both);
  const FactEdits edits = fact_edits(both, "law", at::kDouble);
  Task first = both, second = both;
  first.added.rows = edits.only(0).rows;
  first.forget.rows = testing::rows_of_facts(*both.train.dataset, {0});
  first.forget.rows = rows_difference(first.forget.rows, both.added.rows);
  second.added.rows = edits.only(1).rows;
  second.forget.rows = testing::rows_of_facts(*both.train.dataset, {3});
  second.forget.rows = rows_difference(second.forget.rows, both.added.rows);
  // The same text for the moments of both.
  first.retain.rows = second.retain.rows = rows_difference(both.retain.rows, both.added.rows);
  Model in_turn = original.clone();
  first.state = nullptr;
  second.state = run_method("rome", kRomeSettings, in_turn, first).state;
  const UnlearnReport report = run_method("rome", kRomeSettings, in_turn, second);
  EXPECT_LT(relative_error(in_turn.theta() - original.theta(), at_once.theta() - original.theta()),
            1e-8);
  EXPECT_TRUE(
      report.state->tensor("moments of layer 1").equal(second.state->tensor("moments of layer 1")));
}

TEST(Rome, RemovesAFactByTheAnswerThatStandsForIt) {
  const Task task = testing::forget_task({3});
  Model model = learnt_gpt();
  const UnlearnReport report = run_method("rome", "{layer: 1, lr: 0.1, answer: law}", model, task);
  EXPECT_LT(report.details["loss_after"][0].get<double>(),
            0.5 * report.details["loss_before"][0].get<double>());
}

TEST(Rome, EditsSubjectsAsPublished) {
  const Task task = change_task({3});
  const Model original = learnt_gpt();
  Model model = original.clone();
  run_method("rome", "{layer: 1, token: subject, lr: 0.1, clamp: 10}", model, task);
  const FactEdits edits = fact_edits(task, "law", at::kDouble);
  Context context(0);
  const ValueSearch search{.token = EditedToken::kSubject, .lr = 0.1, .clamp = 10};
  const LinearMemory memory = LinearMemory::of(model, 1);
  const Tensor delta = find_values(original, memory, edits, task.retain, search, context).delta.t();
  const MemoryContents was =
      read_memories(original, {memory}, edits.inputs, edits.subject_end, context.cost)[0];
  const Tensor first = edits.first(was.keys).t();
  EXPECT_LT(relative_error(memory_change(model, original, 1).mm(first), delta), 1e-10);
}

TEST(Rome, IsTheSameTwiceToTheBit) {
  const Task task = change_task({0, 3});
  Model a = learnt_gpt(), b = learnt_gpt();
  run_method("rome", kRomeSettings, a, task);
  run_method("rome", kRomeSettings, b, task);
  EXPECT_TRUE(a.theta().equal(b.theta()));
}

TEST(Rome, WithoutStepsChangesNothing) {
  Model model = learnt_gpt();
  const UnlearnReport report = run_method("rome", "{steps: 0}", model, change_task({3}));
  EXPECT_EQ(report.status, UnlearnStatus::kUnchanged);
}

TEST(Rome, NeedsALayerThatLaterPositionsRead) {
  Model model = learnt_gpt();
  const Task task = change_task({3});
  EXPECT_ERROR(ErrorKind::kTask, run_method("rome", "{layer: 2, token: subject}", model, task),
               HasSubstr("edit a layer from 0 to 1"));
  Model shallow =
      testing::make_model("gpt", "{layers: 1, width: 8, heads: 2}", *task.train.dataset);
  EXPECT_ERROR(ErrorKind::kTask, run_method("rome", "{token: subject}", shallow, task),
               HasSubstr("two layers at least"));
}

}  // namespace
}  // namespace oubli
