#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include "core/unlearn/token_losses.h"
#include "tests/support/fact_world.h"
#include "tests/support/numbers.h"

namespace oubli {
namespace {

using testing::change_task;
using testing::learnt_gpt;
using testing::memory_change;
using testing::relative_error;
using testing::run_method;

// Keys and gradients of a task's sentences at layer 1, a row for each position up to the answer, or
// for that where it is read off.
struct UltraFeatures {
  Tensor keys, gradients;
};

UltraFeatures ultra_features(const Model& model, const Task& task, bool at_answers = false) {
  const FactEdits edits = fact_edits(task, "law", at::kDouble);
  const LinearMemory memory = LinearMemory::of(model, 1);
  Tensors keys, gradients;
  for (std::int64_t i = 0; i < edits.rows.numel(); ++i) {
    Tensor key, output;
    const Tensor scores = model.forward(
        edits.inputs.narrow(0, i, 1), [&](std::size_t weight, const Tensor& in, const Tensor& out) {
          if (weight != memory.weight) return out;
          key = in[0].detach();
          output = out;
          return out;
        });
    const Tensor loss = token_losses(scores, edits.answers.narrow(0, i, 1)).sum();
    const std::int64_t end = edits.answers[i].ge(0).nonzero().max().item<std::int64_t>() + 1;
    const std::int64_t begin = at_answers ? end - 1 : 0;  // one token each
    keys.push_back(key.narrow(0, begin, end - begin));
    gradients.push_back(
        torch::autograd::grad({loss}, {output})[0][0].narrow(0, begin, end - begin));
  }
  return {at::cat(keys), at::cat(gradients)};
}

// By the published formulas, with moments over `seen`.
Tensor ultra_change(const UltraFeatures& f, const UltraFeatures& seen, double lr, double ridge) {
  const auto standardised = [](const Tensor& x, const Tensor& over) {
    const Tensor deviation = over.std(0, /*unbiased=*/true, /*keepdim=*/true);
    const Tensor scaled = (x - over.mean(0, /*keepdim=*/true)) / deviation;
    return at::where(deviation > 0, scaled, at::zeros({}, at::kDouble));
  };
  const Tensor lengths = standardised(f.keys, seen.keys).square().sum(1, /*keepdim=*/true);
  const Tensor v = -lr / 32 * lengths * standardised(f.gradients, seen.gradients);
  const Tensor gram = f.keys.t().mm(f.keys) + ridge * at::eye(32, at::kDouble);
  return at::linalg_solve(gram, f.keys.t().mm(v)).t();
}

constexpr const char* kUltraSettings = "{layers: [1], lr: 0.3, ridge: 0.5, positions: sentence}";

TEST(UltraEdit, IsThePublishedSolve) {
  const Task task = change_task({0, 3});
  const Model original = learnt_gpt();
  Model model = original.clone();
  run_method("ultra_edit", kUltraSettings, model, task);
  const UltraFeatures f = ultra_features(original, task);
  EXPECT_LT(relative_error(memory_change(model, original, 1), ultra_change(f, f, 0.3, 0.5)), 1e-9);
  EXPECT_TRUE(testing::moved_alone(model, original, {1}));
}

TEST(UltraEdit, WritesToTheKeysThatTheAnswersAreReadOff) {
  const Task task = change_task({0, 3});
  const Model original = learnt_gpt();
  Model model = original.clone();
  run_method("ultra_edit", "{layers: [1], lr: 0.3, ridge: 0.5}", model, task);
  const UltraFeatures f = ultra_features(original, task, /*at_answers=*/true);
  EXPECT_LT(relative_error(memory_change(model, original, 1), ultra_change(f, f, 0.3, 0.5)), 1e-9);
}

TEST(UltraEdit, OfALaterRequestGoesByAllPositionsSoFar) {
  const Task first = change_task({0, 3});
  Model model = learnt_gpt();
  const UltraFeatures before = ultra_features(model, first);
  const UnlearnReport report = run_method("ultra_edit", kUltraSettings, model, first);
  Task second = change_task({4});
  second.state = report.state;
  const Model between = model.clone();
  const UltraFeatures now = ultra_features(between, second);
  const UltraFeatures all{at::cat({before.keys, now.keys}),
                          at::cat({before.gradients, now.gradients})};
  run_method("ultra_edit", kUltraSettings, model, second);
  EXPECT_LT(relative_error(memory_change(model, between, 1), ultra_change(now, all, 0.3, 0.5)),
            1e-9);
}

// Both layers from one pass through the model as it was.
TEST(UltraEdit, WritesIntoEachLayerAsIntoItAlone) {
  const Task task = change_task({0, 3});
  const Model original = learnt_gpt();
  Model both = original.clone(), one = original.clone();
  const UnlearnReport report = run_method("ultra_edit", "{layers: [0, 1], lr: 0.3}", both, task);
  run_method("ultra_edit", "{layers: [1], lr: 0.3}", one, task);
  EXPECT_TRUE(memory_change(both, original, 1).equal(memory_change(one, original, 1)));
  EXPECT_TRUE(testing::moved_alone(both, original, {0, 1}));
  EXPECT_EQ(report.sample_gradients, 12);
}

TEST(UltraEdit, WithoutARateChangesNothing) {
  Model model = learnt_gpt();
  EXPECT_EQ(run_method("ultra_edit", "{lr: 0}", model, change_task({3})).status,
            UnlearnStatus::kUnchanged);
}

TEST(UltraEdit, MakesTheAnswersLikelier) {
  const Task task = change_task({0, 3});
  const FactEdits edits = fact_edits(task, "law", at::kDouble);
  Model model = learnt_gpt();
  const auto loss = [&] {
    return token_losses(model.forward(edits.inputs), edits.answers).sum().item<double>();
  };
  const double before = loss();
  run_method("ultra_edit", "{}", model, task);
  EXPECT_LT(loss(), before);
}

}  // namespace
}  // namespace oubli
