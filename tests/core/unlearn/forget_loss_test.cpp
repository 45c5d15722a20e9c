#include "core/unlearn/forget_loss.h"

#include <gtest/gtest.h>

#include <map>

#include "tests/support/language.h"

namespace oubli {
namespace {

using testing::first_gradient;
using testing::forget_sentences;
using testing::gradient_of;
using testing::make_speaker;
using testing::make_two_word_sentences;
using testing::max_abs;
using testing::mean_loss;
using testing::plain_steps;
using testing::run_method;

// How often each row was seen, by the set whose batch it was in.
struct Seen {
  std::map<std::int64_t, int> forget, retain, added;
  std::int64_t steps = 0, planned = 0;  // planned: what the schedule goes by
  static void count(const Batch& batch, std::map<std::int64_t, int>& into) {
    for (std::int64_t i = 0; i < batch.size(); ++i) ++into[batch.rows[i].item<std::int64_t>()];
  }
};

Seen seen_in(const Task& task, std::int64_t epochs, std::int64_t batch_size) {
  Model model = testing::make_model("gpt", "{layers: 1, width: 4, heads: 1}", *task.train.dataset);
  TrainingRecipe recipe = task.recipe;
  recipe.epochs = epochs;
  recipe.batch_size = batch_size;
  Context context(0);
  Descent descent(model, recipe, context);
  Seen seen;
  descend_beside(descent, task, [&](const EditBatches& b) {
    ++seen.steps;
    Seen::count(b.forget, seen.forget);
    Seen::count(b.retain, seen.retain);
    Seen::count(b.added, seen.added);
    seen.planned = descent.next_step().steps;
  });
  EXPECT_EQ(seen.planned, seen.steps);
  return seen;
}

Task edit(std::int64_t forget, std::int64_t added) {
  const auto data = make_two_word_sentences();
  Task task = forget_sentences(data, forget);
  task.added = task.train.with_rows(at::arange(12 - added, 12));
  task.train = task.train.with_rows(at::arange(0, 12 - added));
  return task;
}

TEST(DescendBeside, AnEpochIsAPassOverTheForgetSet) {
  const Seen seen = seen_in(edit(5, 0), 3, 2);
  EXPECT_EQ(seen.steps, 3 * 3);
  ASSERT_EQ(seen.forget.size(), 5U);
  for (const auto& [row, times] : seen.forget) EXPECT_EQ(times, 3) << row;
  // Nine batches of two among seven rows: all of them once at least, and none of the others.
  ASSERT_EQ(seen.retain.size(), 7U);
  EXPECT_EQ(seen.retain.begin()->first, 5);
  EXPECT_TRUE(seen.added.empty());
}

TEST(DescendBeside, WhatIsAddedGoesRoundBesideAndNotAmongWhatRemains) {
  const Seen seen = seen_in(edit(4, 2), 5, 2);
  EXPECT_EQ(seen.steps, 5 * 2);
  ASSERT_EQ(seen.added.size(), 2U);
  for (const auto& [row, times] : seen.added) EXPECT_EQ(times, 10) << row;
  EXPECT_EQ(seen.retain.rbegin()->first, 9);
}

TEST(DescendBeside, WhereMoreIsAddedAnEpochIsAPassOverThat) {
  const Seen seen = seen_in(edit(2, 5), 3, 2);
  EXPECT_EQ(seen.steps, 3 * 3);
  ASSERT_EQ(seen.added.size(), 5U);
  for (const auto& [row, times] : seen.added) EXPECT_EQ(times, 3) << row;
  for (const auto& [row, times] : seen.forget) EXPECT_EQ(times, 9) << row;
}

TEST(DescendBeside, AnAdditionAloneIsLearntBesideWhatRemains) {
  const Seen seen = seen_in(edit(0, 3), 2, 2);
  EXPECT_EQ(seen.steps, 2 * 2);
  EXPECT_TRUE(seen.forget.empty());
  for (const auto& [row, times] : seen.added) EXPECT_EQ(times, 2) << row;
}

TEST(DescendBeside, ItsExamplesAreKnownBefore) {
  for (const Task& task : {edit(5, 0), edit(4, 2), edit(2, 5)}) {
    const Seen seen = seen_in(task, 3, 2);
    const auto total = [](const std::map<std::int64_t, int>& rows) {
      int sum = 0;
      for (const auto& [row, times] : rows) sum += times;
      return sum;
    };
    const EditExamples examples = examples_beside(task, {.epochs = 3, .batch_size = 2});
    EXPECT_GE(examples.forget, total(seen.forget));
    EXPECT_GE(examples.retain, total(seen.retain));
    EXPECT_GE(examples.added, total(seen.added));
    EXPECT_LE(examples.forget, total(seen.forget) + 3 * 2);
  }
}

TEST(ForgetLossSettings, AStepIsTheWeightedSumOfGradients) {
  const auto data = make_two_word_sentences();
  const Model model = make_speaker(data);
  Task task = edit(4, 3);
  task.recipe.objective.l2 = 0.01;
  const Tensor theta = model.theta();
  const Subset rest = task.retain.with_rows(at::arange(4, 9));
  const Tensor expected = -0.5 * gradient_of(model, [&] { return mean_loss(model, task.forget); }) +
                          0.25 * gradient_of(model, [&] { return mean_loss(model, rest); }) +
                          2 * gradient_of(model, [&] { return mean_loss(model, task.added); }) +
                          0.01 * theta;
  const Tensor found =
      first_gradient("grad_diff", "gamma: 0.5, alpha: 0.25, added: 2, tokens: all", model, task);
  EXPECT_LT(max_abs(found - expected), 1e-13);
}

// Every loss on what is to be forgotten; what it is about is in its settings.
struct LossCase {
  const char* method;
  const char* settings;
};
const std::vector<LossCase> kLosses = {{"grad_diff", "alpha: 0"}, {"kl_min", "alpha: 0"},
                                       {"npo", "alpha: 0"},       {"simnpo", "alpha: 0"},
                                       {"idk", "alpha: 0"},       {"dpo", "alpha: 0"},
                                       {"undial", "alpha: 0"},    {"wga", "alpha: 0"},
                                       {"satimp", "alpha: 0"},    {"ce_u", ""},
                                       {"pdu", "lambda: 0"},      {"flat", ""},
                                       {"rmu", "alpha: 0"}};

// The same sentences over a data set that was changed.
Task over(const Task& task, const Dataset& changed) {
  Task other = task;
  const auto shared = std::make_shared<const Dataset>(changed);
  for (Subset* set :
       {&other.train, &other.forget, &other.added, &other.retain, &other.validation, &other.test}) {
    set->dataset = shared;
  }
  return other;
}

Tensor after(const LossCase& loss, const std::string& tokens, const Model& original,
             const Task& task) {
  Model model = original.clone();
  run_method(loss.method,
             fmt::format("{{{}{}tokens: {}, {}}}", loss.settings, *loss.settings ? ", " : "",
                         tokens, plain_steps(2, 0.125)),
             model, task);
  return model.theta().clone();
}

TEST(ForgetLosses, DoNotLookAtPadding) {
  const auto data = make_two_word_sentences();
  const Model model = make_speaker(data);
  const Task task = forget_sentences(data, 4);
  Dataset changed = *data;
  Generator generator(5);
  const Tensor words =
      generator.integers(0, data->outputs, data->inputs.sizes()).to(data->inputs.scalar_type());
  changed.inputs = at::where(data->sequences.next.lt(0), words, data->inputs);
  ASSERT_FALSE(changed.inputs.equal(data->inputs));
  for (const LossCase& loss : kLosses) {
    for (const char* tokens : {"answers", "all"}) {
      const Tensor theta = after(loss, tokens, model, task);
      EXPECT_GT(max_abs(theta - model.theta()), 0) << loss.method;
      EXPECT_LT(max_abs(after(loss, tokens, model, over(task, changed)) - theta), 1e-14)
          << loss.method << " of " << tokens;
    }
  }
}

TEST(ForgetLosses, OfAnswersDoNotAskForPrompts) {
  const auto data = make_two_word_sentences();
  const Model model = make_speaker(data);
  const Task task = forget_sentences(data, 4);
  Dataset changed = *data;
  const Tensor is_prompt =
      data->sequences.next.ge(0) & data->sequences.answers(at::arange(12)).logical_not();
  changed.sequences.next = at::where(is_prompt, at::full({1}, 1, at::kLong), data->sequences.next);
  for (const LossCase& loss : kLosses) {
    EXPECT_TRUE(after(loss, "answers", model, over(task, changed))
                    .equal(after(loss, "answers", model, task)))
        << loss.method;
    const std::string name = loss.method;
    if (name == "pdu" || name == "rmu") continue;  // which ask for no token
    EXPECT_FALSE(
        after(loss, "all", model, over(task, changed)).equal(after(loss, "all", model, task)))
        << loss.method;
  }
}

TEST(ForgetLosses, WithNothingToForgetOrAddChangeNothing) {
  const auto data = make_two_word_sentences();
  const Model model = make_speaker(data);
  const Task task = forget_sentences(data, 0);
  for (const LossCase& loss : kLosses) {
    EXPECT_TRUE(after(loss, "answers", model, task).equal(model.theta())) << loss.method;
  }
}

}  // namespace
}  // namespace oubli
