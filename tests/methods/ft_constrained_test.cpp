#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/unlearn/token_losses.h"
#include "tests/support/fact_world.h"
#include "tests/support/numbers.h"

namespace oubli {
namespace {

using testing::change_task;
using testing::learnt_gpt;
using testing::memory_change;
using testing::run_method;

double ft_loss(const Model& model, const Task& task) {
  const FactEdits edits = fact_edits(task, "law", at::kDouble);
  return edits.means(token_losses(model.forward(edits.inputs), edits.answers).sum(1))
      .mean()
      .item<double>();
}

TEST(FtConstrained, StaysInItsBoxAndMovesOneMatrix) {
  const Task task = change_task({0, 3});
  const Model original = learnt_gpt();
  const Tensor start = LinearMemory::of(original, 1).take(original.theta().detach());
  const double bound = 0.05 * start.square().mean().sqrt().item<double>();
  Model model = original.clone();
  const UnlearnReport report =
      run_method("ft_constrained", "{layer: 1, lr: 0.01, bound: 0.05, steps: 40}", model, task);
  EXPECT_NEAR(testing::largest(memory_change(model, original, 1)), bound, 1e-12);
  EXPECT_TRUE(testing::moved_alone(model, original, {1}));
  EXPECT_LT(ft_loss(model, task), ft_loss(original, task));
  EXPECT_NEAR(report.details.at("losses")[0].get<double>(), ft_loss(original, task), 1e-10);
}

// Adam's first step is lr along the signs of the gradient.
TEST(FtConstrained, StepsAgainstTheGradientOfTheAnswersLoss) {
  const Task task = change_task({0, 3});
  const Model original = learnt_gpt();
  Model model = original.clone();
  run_method("ft_constrained", "{layer: 1, lr: 1e-4, steps: 1}", model, task);
  const Tensor change = memory_change(model, original, 1);
  const LinearMemory memory = LinearMemory::of(original, 1);
  for (const std::int64_t place : {0, 37, 101, 255}) {
    const auto loss_at = [&](double step) {
      Model moved = original.clone();
      Tensor one = at::zeros({memory.out * memory.in}, at::kDouble);
      one[place] = step;
      memory.add(moved, one.view({memory.out, memory.in}));
      return ft_loss(moved, task);
    };
    const double slope = (loss_at(1e-5) - loss_at(-1e-5)) / 2e-5;
    ASSERT_GT(std::abs(slope), 1e-7) << place;
    EXPECT_NEAR(change.flatten()[place].item<double>(), slope > 0 ? -1e-4 : 1e-4, 1e-5) << place;
  }
}

TEST(FtConstrained, EndsOnceTheAnswersAreKnown) {
  const Task task = change_task({3});
  Model model = learnt_gpt();
  const UnlearnReport report =
      run_method("ft_constrained", "{lr: 0.01, bound: 1e9, steps: 500, enough: 0.1}", model, task);
  const Json& losses = report.details.at("losses");
  EXPECT_LT(losses.size(), 500U);
  EXPECT_LT(losses.back().get<double>(), 0.1);
  EXPECT_NEAR(ft_loss(model, task), losses.back().get<double>(), 1e-10);
}

TEST(FtConstrained, WithoutStepsChangesNothing) {
  Model model = learnt_gpt();
  EXPECT_EQ(run_method("ft_constrained", "{steps: 0}", model, change_task({3})).status,
            UnlearnStatus::kUnchanged);
}

TEST(FtConstrained, CostsAGradientForEachWordingAndStep) {
  Model model = learnt_gpt();
  EXPECT_EQ(run_method("ft_constrained", "{steps: 7, lr: 1e-4}", model, change_task({0, 3}))
                .sample_gradients,
            84);
}

}  // namespace
}  // namespace oubli
