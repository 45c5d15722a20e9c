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

// Of a ridge regression of values on keys, dense: the keys' Gram matrix, and values with keys.
struct RidgeStatistics {
  Tensor gram, cross;

  RidgeStatistics without(const Tensor& keys, const Tensor& values) const {
    return {gram - keys.mm(keys.t()), cross - values.mm(keys.t())};
  }
  Tensor solution() const { return at::linalg_solve(gram, cross.t()).t(); }
};

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
  // Those that w is the solution of by its normal equations: of the text's keys, at the default
  // lambda and a ridge of 1e-3, and these.
  RidgeStatistics statistics(const Tensor& w, std::int64_t layer, const Tensor& keys) const {
    CostMeter cost;
    const Tensor text =
        moments_of_task(original, {LinearMemory::of(original, layer)}, task, cost)[0].mean(1e-3);
    const Tensor gram = 0.92 * 32 * text + keys.mm(keys.t());
    return {gram, w.mm(gram)};
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

// The statistics of a ridge regression are sums over its points. A written W solves it with the
// edit's points among them, W (G + K K') = M + V K': once these are taken off both sums again, what
// is left determines what was there before, of one layer after another.
TEST(Memit, PointsTakenOffItsStatisticsLeaveWhatWasThere) {
  MemitProblem p;
  Model model = p.original.clone(), partly = p.original.clone();
  run_method("memit", "{layers: [0, 1], lr: 0.1, ridge: 1e-3}", model, p.task);
  const Tensor wanted = p.stream(p.original, 1) + p.delta(1);
  for (const std::int64_t layer : {0, 1}) {
    const LinearMemory memory = LinearMemory::of(p.original, layer);
    const Tensor before = memory.take(p.original.theta()), after = memory.take(model.theta());
    const Tensor k = testing::mean_keys(partly, p.edits, layer);
    const Tensor missing = (wanted - p.stream(partly, 1)).t() / (2.0 - static_cast<double>(layer));
    const RidgeStatistics with = p.statistics(after, layer, k);
    EXPECT_GT(relative_error(after, before), 1e-3);
    EXPECT_LT(relative_error(with.without(k, before.mm(k) + missing).solution(), before), 1e-10);
    memory.add(partly, memory_change(model, p.original, layer));
  }
}

// Facts 0, 3 and 4 at once, fact 3 taken off again: as 0 and 4 alone.
TEST(Memit, AFactTakenOffItsStatisticsLeavesTheOthers) {
  MemitProblem all, others{.task = change_task({0, 4})};
  const std::vector<LinearMemory> memories{LinearMemory::of(all.original, 1)};
  // Of one text, which otherwise is what remains of each edit.
  CostMeter cost;
  all.task.state = others.task.state = std::make_shared<MethodState>(
      state_of(moments_of_task(all.original, memories, all.task, cost), memories));
  const auto written = [](const MemitProblem& p) {
    Model model = p.original.clone();
    run_method("memit", "{layers: [1], lr: 0.1, ridge: 1e-3}", model, p.task);
    return LinearMemory::of(model, 1).take(model.theta()).clone();
  };
  const Tensor before = memories[0].take(all.original.theta());
  const Tensor k = testing::mean_keys(all.original, all.edits, 1), three = k.narrow(1, 1, 1);
  const Tensor value = before.mm(three) + all.delta(1).t().narrow(1, 1, 1);
  ASSERT_EQ(all.edits.facts[1].item<std::int64_t>(), 3);
  const Tensor left = all.statistics(written(all), 1, k).without(three, value).solution() - before;
  EXPECT_LT(relative_error(left, written(others) - before), 1e-8);
  EXPECT_GT(relative_error(left, written(all) - before), 0.1);
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
