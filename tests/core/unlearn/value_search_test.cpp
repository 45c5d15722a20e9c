#include "core/unlearn/value_search.h"

#include <ATen/core/grad_mode.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/unlearn/memory_writes.h"
#include "core/unlearn/token_losses.h"
#include "tests/support/expect_error.h"
#include "tests/support/fact_world.h"
#include "tests/support/numbers.h"

namespace oubli {
namespace {

using testing::relative_error;

struct SearchProblem {
  explicit SearchProblem(const std::vector<std::int64_t>& facts)
      : task(testing::change_task(facts)), edits(fact_edits(task, "law", at::kDouble)) {}

  FoundValues find(const ValueSearch& search, const FactEdits& of) {
    return find_values(model, LinearMemory::of(model, 1), of, task.retain, search, context);
  }
  FoundValues find(const ValueSearch& search) { return find(search, edits); }
  // -ln p(answer), mean over the wordings.
  Tensor losses() const {
    return edits.means(token_losses(model.forward(edits.inputs), edits.answers).sum(1)).detach();
  }

  Model model = testing::learnt_gpt();
  Task task;
  FactEdits edits;
  Context context{0};
};

// A search without regard for anything else.
ValueSearch free_search(std::int64_t steps) {
  return {.token = EditedToken::kSubject,
          .lr = 0.1,
          .steps = steps,
          .clamp = 1e3,
          .weight_decay = 0,
          .kl = 0,
          .enough = 0};
}

TEST(ValueSearchOf, NoStepsFindsNothing) {
  SearchProblem p({0, 3});
  const FoundValues found = p.find(free_search(0));
  EXPECT_TRUE(found.delta.equal(at::zeros({2, 8}, at::kDouble)));
  EXPECT_LT(relative_error(found.losses, p.losses()), 1e-12);
}

TEST(ValueSearchOf, AFactMakesTheAnswerLikely) {
  SearchProblem p({0, 3});
  const Tensor before = p.losses();
  for (const EditedToken token : {EditedToken::kSubject, EditedToken::kAnswer}) {
    ValueSearch search = free_search(100);
    search.token = token;
    const FoundValues found = p.find(search);
    EXPECT_TRUE(found.losses.lt(0.5 * before).all().item<bool>()) << found.losses << before;
  }
}

// Written so that the subject's keys get it and all other keys of the sentences get nothing, the
// change makes the model do what the search has seen.
TEST(ValueSearchOf, AFactSaysWhatTheModelThenDoes) {
  for (const EditedToken token : {EditedToken::kSubject, EditedToken::kAnswer}) {
    SearchProblem p({3});
    p.task.added.rows = p.task.added.rows.narrow(0, 0, 2);
    p.edits = fact_edits(p.task, "law", at::kDouble);
    ValueSearch search = free_search(20);
    search.token = token;
    const FoundValues found = p.find(search);
    const LinearMemory memory = LinearMemory::of(p.model, 1);
    Tensors keys, values;
    for (std::int64_t t = 0; t < 7; ++t) {  // up to the answers
      const Tensor at = at::full({2}, t, at::kLong);
      keys.push_back(read_memories(p.model, {memory}, p.edits.inputs, at, p.context.cost)[0].keys);
      values.push_back(found.delta * p.edits.places(token).eq(t).unsqueeze(1));
    }
    const Tensor metric = 1e-9 * at::eye(memory.in, at::kDouble);
    memory.add(p.model, ridge_write(metric, at::cat(keys).t(), at::cat(values).t()));
    EXPECT_LT(relative_error(p.losses(), found.losses), 1e-6);
  }
}

TEST(ValueSearchOf, FactsTogetherFindsWhatItFindsOfEach) {
  SearchProblem p({0, 3, 4});
  for (const bool essence_is_facts : {false, true}) {
    const ValueSearch search{.token = EditedToken::kSubject,
                             .lr = 0.1,
                             .steps = 8,
                             .kl = 1,
                             .essence_is_facts = essence_is_facts,
                             .enough = 0.8};  // some end before others
    const FoundValues all = p.find(search);
    for (const std::int64_t i : {0, 1, 2}) {
      const FoundValues one = p.find(search, p.edits.only(i));
      EXPECT_LT(relative_error(all.delta[i], one.delta[0]), 1e-9) << i;
    }
  }
}

// Adam's first step is lr along the signs of the gradient, against finite differences of the loss
// with the value put in place of the memory's.
TEST(ValueSearchOf, OneStepGoesAgainstTheGradient) {
  SearchProblem p({3});
  const LinearMemory memory = LinearMemory::of(p.model, 1);
  const auto loss_with = [&](const Tensor& delta) {
    const at::NoGradGuard no_grad;
    const Tensor outputs = p.model.forward(
        p.edits.inputs, [&](std::size_t weight, const Tensor&, const Tensor& output) {
          if (weight != memory.weight) return output;
          Tensor changed = output.clone();
          for (std::int64_t i = 0; i < 6; ++i) {
            changed[i][p.edits.subject_end[i].item<std::int64_t>()] += delta;
          }
          return changed;
        });
    return token_losses(outputs, p.edits.answers).sum().item<double>() / 6;
  };
  const FoundValues found = p.find(free_search(1));
  for (std::int64_t k = 0; k < 8; ++k) {
    Tensor step = at::zeros({8}, at::kDouble);
    step[k] = 1e-5;
    const double slope = (loss_with(step) - loss_with(-step)) / 2e-5;
    ASSERT_GT(std::abs(slope), 1e-6);
    EXPECT_NEAR(found.delta[0][k].item<double>(), slope > 0 ? -0.1 : 0.1, 1e-4) << k;
  }
  EXPECT_NEAR(found.losses.item<double>(), loss_with(found.delta[0]), 1e-10);
}

TEST(ValueSearchOf, AFactIsNotLongerThanItMayBe) {
  SearchProblem p({0, 3});
  CostMeter cost;
  const auto contents = read_memories(p.model, {LinearMemory::of(p.model, 1)}, p.edits.inputs,
                                      p.edits.subject_end, cost)[0];
  for (const bool is_of_stream : {false, true}) {
    ValueSearch search = free_search(30);
    search.clamp = 0.1;
    search.is_of_stream = is_of_stream;
    const Tensor lengths = p.find(search).delta.norm(2, 1);
    const Tensor most =
        0.1 * p.edits.means(is_of_stream ? contents.stream : contents.values).norm(2, 1);
    EXPECT_LT(relative_error(lengths, most), 1e-10);
  }
}

TEST(ValueSearchOf, AFactIsHeldByItsEssence) {
  SearchProblem p({3});
  const auto drift = [&](double kl, bool essence_is_facts) {
    ValueSearch search = free_search(30);
    search.kl = kl;
    search.essence_is_facts = essence_is_facts;
    const Tensor delta = p.find(search).delta[0];
    const LinearMemory memory = LinearMemory::of(p.model, 1);
    // The person's other fact, number 2, in the wording that stands for it.
    const Dataset& data = *p.task.train.dataset;
    const Subset other = p.task.train.with_rows(testing::rows_of_facts(data, {2}).narrow(0, 0, 1));
    const std::int64_t end =
        data.sequences.subject_end.index_select(0, other.rows).item<std::int64_t>();
    const auto answer = [&](const Tensor& step) {
      const Tap tap = [&](std::size_t weight, const Tensor&, const Tensor& output) {
        if (weight != memory.weight) return output;
        Tensor changed = output.clone();
        changed[0][end] += step;
        return changed;
      };
      const at::NoGradGuard no_grad;
      const Tensor outputs = p.model.forward(other.batch(0, 1, at::kDouble).inputs, tap);
      return data.at_answers(outputs, other.rows).log_softmax(1);
    };
    const Tensor now = answer(delta), was = answer(at::zeros_like(delta));
    return (now.exp() * (now - was)).sum().item<double>();
  };
  EXPECT_LT(drift(1e4, true), 0.1 * drift(0, true));
}

TEST(ValueSearchOf, NothingIsFoundWhereAnEndIsAskedFor) {
  SearchProblem p({0});
  p.context.budget = 0;
  EXPECT_TRUE(p.find(free_search(5)).is_stopped);
}

TEST(ValueSearchOf, AFactCostsTwoThirdsOfAGradientForEachSentenceAndStep) {
  SearchProblem p({0});
  p.find(free_search(9));
  // Nine steps, the last look, and one for the sizes.
  EXPECT_NEAR(p.context.cost.sample_gradients(), 6 * (9 * 2.0 / 3 + 2.0 / 3), 1e-9);
}

TEST(ValueSearchOf, AFactNeedsIdsForTheOthersOfItsSubject) {
  SearchProblem p({0});
  auto nameless = std::make_shared<Dataset>(*p.task.retain.dataset);
  nameless->id_column = "";
  p.task.retain.dataset = nameless;
  EXPECT_ERROR(ErrorKind::kTask, p.find({.token = EditedToken::kSubject, .essence_is_facts = true}),
               ::testing::HasSubstr("essence: subject"));
}

}  // namespace
}  // namespace oubli
