#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/unlearn/key_moments.h"
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

struct AlphaEditProblem {
  Task task = change_task({0, 3, 4});
  FactEdits edits = fact_edits(task, "law", at::kDouble);
  Model original = learnt_gpt();
  std::vector<LinearMemory> memories{LinearMemory::of(original, 1)};

  KeyMoments moments() {
    CostMeter cost;
    return moments_of_task(original, memories, task, cost)[0];
  }
  UnlearnReport run(const std::string& settings, Model& model) {
    return run_method("alpha_edit", "{layers: [1], lr: 0.1, " + settings + "}", model, task);
  }
  Tensor change(const std::string& settings) {
    Model model = original.clone();
    run(settings, model);
    return memory_change(model, original, 1);
  }
};

// Eigenvectors of the text's keys that its threshold keeps: the change is nothing there.
TEST(AlphaEdit, LeavesTheSpanOfTheTextsKeysAlone) {
  AlphaEditProblem p;
  const auto [values, vectors] = at::linalg_eigh(p.moments().mean());
  for (const double threshold : {0.01, 0.1}) {
    const auto free = values.lt(threshold * values.mean()).sum().item<std::int64_t>();
    ASSERT_GT(free, 0);
    ASSERT_LT(free, 32);
    const Tensor kept = vectors.narrow(1, free, 32 - free);
    for (const double l2 : {1e-6, 10.0}) {
      Model model = p.original.clone();
      const UnlearnReport report =
          p.run(fmt::format("threshold: {}, l2: {}", threshold, l2), model);
      const Tensor change = memory_change(model, p.original, 1);
      const double size = change.norm().item<double>();
      EXPECT_GT(size, 0);
      EXPECT_LT(testing::largest(change.mm(kept)), 1e-13 * size) << threshold << " " << l2;
      EXPECT_EQ(report.details.at("rank"), Json{free});
      EXPECT_TRUE(testing::moved_alone(model, p.original, {1}));
    }
  }
}

// The published system, dense and not symmetric.
TEST(AlphaEdit, IsThePublishedSystem) {
  AlphaEditProblem p;
  const Tensor c0 = p.moments().mean();
  const auto [values, vectors] = at::linalg_eigh(c0);
  const Tensor u = vectors.narrow(1, 0, values.lt(0.05).sum().item<std::int64_t>());
  const Tensor projection = u.mm(u.t());
  Context context(0);
  const Tensor delta = find_values(p.original, p.memories[0], p.edits, p.task.retain,
                                   {.lr = 0.1, .clamp = 2, .is_of_stream = true}, context)
                           .delta;
  const Tensor k = testing::mean_keys(p.original, p.edits, 1);
  const Tensor earlier = testing::random({32, 40});
  MethodState state = state_of({p.moments()}, p.memories);
  state.tensors.emplace_back("earlier keys of layer 1", earlier.mm(earlier.t()));
  p.task.state = std::make_shared<MethodState>(state);
  const Tensor system =
      projection.mm(k.mm(k.t()) + earlier.mm(earlier.t())) + 0.7 * at::eye(32, at::kDouble);
  const Tensor solved = at::linalg_solve(system, projection.mm(k).mm(delta)).t();
  EXPECT_LT(relative_error(p.change("absolute: true, threshold: 0.05, l2: 0.7"), solved), 1e-9);
}

TEST(AlphaEdit, WithAllDirectionsAndTheTextAsEarlierKeysIsMemit) {
  AlphaEditProblem p;
  const KeyMoments moments = p.moments();
  MethodState state = state_of({moments}, p.memories);
  state.tensors.emplace_back("earlier keys of layer 1", 0.92 * 32 * moments.mean(1e-3));
  p.task.state = std::make_shared<MethodState>(state);
  const Tensor alpha = p.change("absolute: true, threshold: 1e9, l2: 1e-12");
  Model model = p.original.clone();
  run_method("memit", "{layers: [1], lr: 0.1, ridge: 1e-3}", model, p.task);
  EXPECT_LT(relative_error(alpha, memory_change(model, p.original, 1)), 1e-8);
}

TEST(AlphaEdit, HandsOnTheKeysThatItWrote) {
  AlphaEditProblem p;
  Model model = p.original.clone();
  const UnlearnReport first = p.run("l2: 1", model);
  const Tensor k = testing::mean_keys(p.original, p.edits, 1);
  const Tensor written = k.mm(k.t());
  EXPECT_LT(relative_error(first.state->tensor("earlier keys of layer 1"), written), 1e-12);
  p.task.state = first.state;
  const UnlearnReport second = p.run("l2: 1", model);
  // Layer 1's keys do not depend on its own matrix: the same again.
  EXPECT_LT(relative_error(second.state->tensor("earlier keys of layer 1"), 2 * written), 1e-12);
  EXPECT_EQ(second.details.at("moments"), first.details.at("moments"));
}

// Two batches in either order: the keys that are handed on in the end are the same, and a later
// change is the published system's with what the earlier batch left in C_prev and nothing else.
TEST(AlphaEdit, TheOrderOfBatchesMattersThroughTheEarlierKeysAlone) {
  AlphaEditProblem batches[2];
  batches[1].task = change_task({1, 5});
  batches[1].edits = fact_edits(batches[1].task, "law", at::kDouble);
  const KeyMoments text = batches[0].moments();  // of both: else the first batch's
  const auto [values, vectors] = at::linalg_eigh(text.mean());
  const Tensor u = vectors.narrow(1, 0, values.lt(0.05).sum().item<std::int64_t>());
  const Tensor projection = u.mm(u.t());
  Tensor handed_on[2];
  for (const int first : {0, 1}) {
    Model model = batches[0].original.clone();
    MethodStatePtr state = std::make_shared<MethodState>(state_of({text}, batches[0].memories));
    Tensor earlier = at::zeros({32, 32}, at::kDouble);
    for (AlphaEditProblem* p : {&batches[first], &batches[1 - first]}) {
      const Model before = model.clone();
      Context context(0);
      const Tensor delta = find_values(before, p->memories[0], p->edits, p->task.retain,
                                       {.lr = 0.1, .clamp = 2, .is_of_stream = true}, context)
                               .delta;
      const Tensor k = testing::mean_keys(before, p->edits, 1), written = k.mm(k.t());
      const auto solved = [&](const Tensor& c) {
        const Tensor system = projection.mm(written + c) + 0.7 * at::eye(32, at::kDouble);
        return at::linalg_solve(system, projection.mm(k).mm(delta)).t();
      };
      p->task.state = state;
      state = p->run("absolute: true, threshold: 0.05, l2: 0.7", model).state;
      const Tensor change = memory_change(model, before, 1);
      EXPECT_LT(relative_error(change, solved(earlier)), 1e-9);
      if (p != &batches[first]) {
        EXPECT_GT(relative_error(change, solved(at::zeros_like(earlier))), 1e-3);
      }
      earlier = earlier + written;
    }
    handed_on[first] = state->tensor("earlier keys of layer 1");
    EXPECT_LT(relative_error(handed_on[first], earlier), 1e-12);
  }
  EXPECT_LT(relative_error(handed_on[0], handed_on[1]), 1e-12);
}

TEST(AlphaEdit, SaysWhereNoDirectionIsLeft) {
  AlphaEditProblem p;
  Model model = p.original.clone();
  const UnlearnReport report = p.run("absolute: true, threshold: 1e-300", model);
  EXPECT_EQ(report.details.at("rank"), Json{0});
  EXPECT_EQ(report.status, UnlearnStatus::kUnchanged);
  EXPECT_THAT(report.message, ::testing::HasSubstr("no direction"));
}

TEST(AlphaEdit, OfNothingChangesNothingAndKeepsItsState) {
  AlphaEditProblem p;
  Model model = p.original.clone();
  p.task.state = p.run("l2: 1", model).state;
  p.task.forget.rows = p.task.added.rows = at::empty({0}, at::kLong);
  const UnlearnReport report = p.run("l2: 1", model);
  EXPECT_EQ(report.status, UnlearnStatus::kUnchanged);
  EXPECT_EQ(report.state, p.task.state);
}

}  // namespace
}  // namespace oubli
