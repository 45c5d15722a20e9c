#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include "core/train/optimizer.h"
#include "core/unlearn/key_moments.h"
#include "datasets/language/fact_texts.h"
#include "tests/support/expect_error.h"
#include "tests/support/fact_world.h"
#include "tests/support/numbers.h"

namespace oubli {
namespace {

using ::testing::HasSubstr;
using testing::learnt_gpt;
using testing::memory_change;
using testing::relative_error;
using testing::run_method;

struct LunarProblem {
  Task task = testing::forget_task({3, 4});
  Model original = learnt_gpt();
  LinearMemory memory = LinearMemory::of(original, 1);
  CostMeter cost;

  Tensor change(double coefficient) {
    Model model = original.clone();
    run_method("lunar", "{layer: 1, coefficient: " + std::to_string(coefficient) + "}", model,
               task);
    return memory_change(model, original, 1);
  }
  Tensor keys() {  // [in, m]
    const Batch batch = task.forget.batch(0, task.forget.size(), at::kDouble);
    const Tensor at = task.forget.dataset->sequences.answer_begin.index_select(0, task.forget.rows);
    return read_memories(original, {memory}, batch.inputs, at, cost)[0].keys.t();
  }
  // What is minimised beside the misfit of the keys to forget.
  Tensor metric() { return 12 * key_moments(original, {memory}, task.retain, cost)[0].mean(1e-4); }
  // All columns of R are this; from the change, by the stationarity D (K K' + C) = R K'.
  Tensor wanted() {
    const Tensor k = keys();
    const Tensor left = change(2).mm(k.mm(k.t()) + metric());  // = 2 d (K 1)'
    const Tensor sum = k.sum(1);
    EXPECT_EQ(testing::numerical_rank(left), 1);
    return left.mv(sum) / sum.dot(sum);
  }
};

TEST(Lunar, WithoutACoefficientChangesNothing) {
  LunarProblem p;
  Model model = p.original.clone();
  EXPECT_EQ(run_method("lunar", "{coefficient: 0}", model, p.task).status,
            UnlearnStatus::kUnchanged);
}

TEST(Lunar, IsLinearInItsCoefficientAndMovesOneMatrix) {
  LunarProblem p;
  EXPECT_LT(relative_error(p.change(3), 1.5 * p.change(2)), 1e-10);
  Model model = p.original.clone();
  run_method("lunar", "{layer: 1}", model, p.task);
  EXPECT_TRUE(testing::moved_alone(model, p.original, {1}));
}

// The direction points from the prompts to those of strangers, whichever were drawn.
TEST(Lunar, PointsToWhereNothingIsKnown) {
  LunarProblem p;
  const Tensor direction = p.wanted();
  const Dataset& data = *p.task.forget.dataset;
  const Batch batch = p.task.forget.batch(0, 12, at::kDouble);
  const Tensor at = data.sequences.answer_begin.index_select(0, p.task.forget.rows);
  const Tensor ends = data.sequences.subject_end.index_select(0, p.task.forget.rows);
  // Every person's other last name is one that nobody has with the first.
  const auto last = [&](const char* name) {
    const auto& names = data.class_names;
    return static_cast<double>(std::find(names.begin(), names.end(), name) - names.begin());
  };
  Tensor strangers = batch.inputs.clone();
  for (std::int64_t i = 0; i < 12; ++i) {
    Tensor token = strangers[i][ends[i].item<std::int64_t>()];
    token.fill_(token.item<double>() == last("Q0") ? last("Q1") : last("Q0"));
  }
  const auto stream = [&](const Tensor& inputs) {
    return read_memories(p.original, {p.memory}, inputs, at, p.cost)[0].stream.mean(0);
  };
  EXPECT_LT(relative_error(direction, 2 * (stream(strangers) - stream(batch.inputs))), 1e-8);
}

TEST(Lunar, FitsNoWorseThanManyStepsOfAdamW) {
  LunarProblem p;
  const Tensor k = p.keys(), c = p.metric(), r = p.wanted().unsqueeze(1);
  const auto loss = [&](const Tensor& d) {
    return (d.mm(k) - r).square().sum() + (d.mm(c) * d).sum();
  };
  const double exact = loss(p.change(2)).item<double>();
  const auto adamw = make_optimizer({.name = "adamw", .lr = 0.01, .weight_decay = 0});
  Tensor d = at::zeros({p.memory.out, p.memory.in}, at::kDouble);
  for (int step = 0; step < 2000; ++step) {
    const Tensor at_d = d.detach().requires_grad_();
    const Tensor gradient = torch::autograd::grad({loss(at_d)}, {at_d})[0];
    d = d.clone();
    adamw->step(d, gradient, step < 1500 ? 0.01 : 0.001);
  }
  const double descended = loss(d).item<double>();
  EXPECT_LE(exact, descended);
  EXPECT_GT(exact, 0.9 * descended);
}

TEST(Lunar, NeedsNamesThatCanBeCombinedOtherwise) {
  LunarProblem p;
  FactTexts texts{.name = "one word"};
  texts.relations = {{"city", {"{subject} lives in {object} ."}, {}}};
  texts.facts = {{"Ada", 0, "Arlow"}, {"Bela", 0, "Corvin"}};
  Task task =
      testing::removal_task(std::make_shared<const Dataset>(load_facts(texts).dataset), 1, 0);
  Model model = testing::make_model("gpt", "{layers: 2, width: 8, heads: 2}", *task.train.dataset);
  EXPECT_ERROR(ErrorKind::kTask, run_method("lunar", "{}", model, task),
               HasSubstr("makes up subjects"));
}

TEST(Lunar, RemovesOnly) {
  LunarProblem p;
  EXPECT_ERROR(ErrorKind::kTask, run_method("lunar", "{}", p.original, testing::change_task({3})),
               HasSubstr("cannot add"));
}

}  // namespace
}  // namespace oubli
