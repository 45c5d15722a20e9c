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

struct MemitProblem {
  Task task = change_task({0, 3, 4});
  FactEdits edits = fact_edits(task, "law", at::kDouble);
  Model original = learnt_gpt();
  ValueSearch search{.lr = 0.1, .clamp = 2, .is_of_stream = true};

  Tensor delta(std::int64_t layer) {
    Context context(0);
    return find_values(original, LinearMemory::of(original, layer), edits, task.retain, search,
                       context)
        .delta;
  }
  // Mean over the wordings of the stream behind a layer.
  Tensor stream(const Model& model, std::int64_t layer) {
    CostMeter cost;
    return edits.means(read_memories(model, {LinearMemory::of(model, layer)}, edits.inputs,
                                     edits.answer_begin, cost)[0]
                           .stream);
  }
};

TEST(Memit, OfOneLayerIsARidgeRegressionSolvedDensely) {
  MemitProblem p;
  Model model = p.original.clone();
  run_method("memit", "{layers: [1], lr: 0.1, lambda: 0.5, ridge: 1e-3}", model, p.task);
  CostMeter cost;
  const Tensor c =
      moments_of_task(p.original, {LinearMemory::of(p.original, 1)}, p.task, cost)[0].mean(1e-3);
  const Tensor k = testing::mean_keys(p.original, p.edits, 1);
  const Tensor gram = 0.5 * 32 * c + k.mm(k.t());
  const Tensor solved = at::linalg_solve(gram, k.mm(p.delta(1))).t();
  EXPECT_LT(relative_error(memory_change(model, p.original, 1), solved), 1e-9);
  EXPECT_TRUE(testing::moved_alone(model, p.original, {1}));
}

TEST(Memit, WithoutRegardForTheTextGivesEveryKeyItsValue) {
  MemitProblem p;
  Model model = p.original.clone();
  run_method("memit", "{layers: [1], lr: 0.1, lambda: 0}", model, p.task);
  const Tensor k = testing::mean_keys(p.original, p.edits, 1);
  EXPECT_LT(relative_error(memory_change(model, p.original, 1).mm(k), p.delta(1).t()), 1e-9);
}

// Whatever the first layer does, the last one writes all that is still missing.
TEST(Memit, OverSeveralLayersReachesTheStreamThatIsWanted) {
  MemitProblem p;
  Model model = p.original.clone();
  run_method("memit", "{layers: [0, 1], lr: 0.1, lambda: 0}", model, p.task);
  const Tensor wanted = p.stream(p.original, 1) + p.delta(1);
  EXPECT_LT(relative_error(p.stream(model, 1), wanted), 1e-9);
  // The first layer has its half by its own keys, which nothing before it has moved.
  const Tensor k = testing::mean_keys(p.original, p.edits, 0);
  EXPECT_LT(relative_error(memory_change(model, p.original, 0).mm(k), 0.5 * p.delta(1).t()), 1e-9);
  EXPECT_TRUE(testing::moved_alone(model, p.original, {0, 1}));
}

TEST(Memit, AddedAndTakenAwayIsWhatWasThere) {
  MemitProblem p;
  Model model = p.original.clone();
  run_method("memit", "{layers: [0, 1], lr: 0.1}", model, p.task);
  EXPECT_GT(relative_error(model.theta(), p.original.theta()), 1e-3);
  for (const std::int64_t layer : {0, 1}) {
    LinearMemory::of(model, layer).add(model, -memory_change(model, p.original, layer));
  }
  EXPECT_LT(relative_error(model.theta(), p.original.theta()), 1e-15);
}

TEST(Memit, TheMoreTheTextWeighsTheLessMoves) {
  MemitProblem p;
  double before = kUnbounded;
  for (const char* lambda : {"0.01", "1", "100", "10000"}) {
    Model model = p.original.clone();
    run_method("memit", std::string("{layers: [1], lr: 0.1, lambda: ") + lambda + "}", model,
               p.task);
    const double size = memory_change(model, p.original, 1).norm().item<double>();
    EXPECT_LT(size, before);
    before = size;
  }
}

TEST(Memit, OfNothingChangesNothing) {
  MemitProblem p;
  p.task.forget.rows = p.task.added.rows = at::empty({0}, at::kLong);
  Model model = p.original.clone();
  const UnlearnReport report = run_method("memit", "{}", model, p.task);
  EXPECT_EQ(report.status, UnlearnStatus::kUnchanged);
  EXPECT_THAT(report.message, ::testing::HasSubstr("about no fact"));
}

TEST(Memit, SaysWhatItWroteAndWhatItRestsOn) {
  MemitProblem p;
  Model model = p.original.clone();
  const UnlearnReport report = run_method("memit", "{layers: [0, 1], lr: 0.1}", model, p.task);
  const Json& details = report.details;
  EXPECT_EQ(details.at("facts_edited"), 3);
  EXPECT_EQ(details.at("layers"), (Json{0, 1}));
  EXPECT_EQ(details.at("moments").at("sha256").get<std::string>().size(), 64U);
  for (const char* each : {"loss_before", "loss_searched", "loss_after", "value_change"}) {
    EXPECT_EQ(details.at(each).size(), 3U) << each;
  }
  const double moved = (memory_change(model, p.original, 1).norm() /
                        LinearMemory::of(model, 1).take(p.original.theta()).norm())
                           .item<double>();
  EXPECT_NEAR(details.at("relative_change")[1].get<double>(), moved, 1e-12);
}

}  // namespace
}  // namespace oubli
