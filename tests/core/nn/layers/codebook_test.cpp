#include "core/nn/layers/codebook.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/train/trainer.h"
#include "core/unlearn/linear_memory.h"
#include "experiments/selftest/problems.h"
#include "tests/support/expect_error.h"
#include "tests/support/numbers.h"

namespace oubli {
namespace {

using testing::make_network;

constexpr const char* kSmallGpt = "{layers: 2, width: 8, heads: 2}";

class CodebookTest : public ::testing::Test {
 protected:
  CodebookTest() { model_ = started(with_codebook(plain_, "h.1.mlp.c_proj", 3)); }

  Model started(const Network& network) const {
    Model model(network.layers, network.table, at::kDouble);
    Generator generator(4);
    model.initialise(generator);
    return model;
  }
  // Parameters of the codebook, to be written to.
  void fill(const Tensor& keys, const Tensor& values, const Tensor& radii) {
    const Tensor theta = model_.theta().detach().clone();
    const Tensors parts = model_.split(theta);
    const std::size_t first = parts.size() - 3;
    parts[first].copy_(keys);
    parts[first + 1].copy_(values);
    parts[first + 2].copy_(radii);
    model_.set_theta(theta);
  }
  MemoryContents read(const Tensor& at) const {
    CostMeter cost;
    return read_memories(model_, {LinearMemory::of(model_, 1)}, inputs_, at, cost)[0];
  }
  static Tensor at_position(std::int64_t t) { return at::full({5}, t, at::kLong); }

  std::shared_ptr<const Dataset> data_ = testing::make_sentences();
  Network plain_ = make_network("gpt", kSmallGpt, *data_);
  Model model_ = started(plain_);
  Tensor inputs_ = testing::all_of(data_)
                       .batch_at(at::tensor({0, 13, 20, 31, 50}, at::kLong), at::kDouble)
                       .inputs;
};

TEST_F(CodebookTest, ThatIsEmptyChangesNothing) {
  const Model plain = started(plain_);
  EXPECT_TRUE(model_.forward(inputs_).equal(plain.forward(inputs_)));
  EXPECT_EQ(model_.dim(), plain.dim() + std::int64_t{3} * (32 + 8 + 1));
}

TEST_F(CodebookTest, IsNotTrained) {
  TrainingRecipe recipe;
  recipe.optimizer = {.name = "adamw", .lr = 0.01, .weight_decay = 0.1};
  recipe.epochs = 2;
  recipe.batch_size = 20;
  Model plain = started(plain_);
  for (Model* each : {&model_, &plain}) {
    Context context(1);
    train(*each, testing::all_of(data_), recipe, context);
  }
  EXPECT_TRUE(model_.theta().narrow(0, 0, plain.dim()).equal(plain.theta()));
  EXPECT_EQ(testing::largest(model_.theta().narrow(0, plain.dim(), 123)), 0);
}

TEST_F(CodebookTest, AnswersWithinItsBallsAndNowhereElse) {
  const MemoryContents before = read(at_position(3)), elsewhere = read(at_position(4));
  const Tensor apart = (before.keys - before.keys[0]).norm(2, 1);
  const double reach = std::get<0>(apart.sort())[2].item<double>();  // the second nearest
  ASSERT_GT(reach, 0);
  const Tensor value = testing::random({8});
  const Tensor keys = at::zeros({3, 32}, at::kDouble), values = at::zeros({3, 8}, at::kDouble);
  keys[1].copy_(before.keys[0]);
  values[1].copy_(value);
  fill(keys, values, testing::values({0, reach * (1 + 1e-9), 0}));
  const Tensor inside = apart.le(reach * (1 + 1e-9)).unsqueeze(1);
  EXPECT_EQ(inside.sum().item<std::int64_t>(), 3);
  const MemoryContents after = read(at_position(3));
  EXPECT_TRUE(after.values.equal(at::where(inside, value.unsqueeze(0), before.values)));
  // Inputs of the layer do not depend on what it says.
  const Tensor far = (elsewhere.keys - before.keys[0]).norm(2, 1).gt(reach * (1 + 1e-9));
  EXPECT_TRUE(read(at_position(4)).values.index({far}).equal(elsewhere.values.index({far})));
}

TEST_F(CodebookTest, TakesTheNearestOfSeveralEntriesInUse) {
  const MemoryContents before = read(at_position(3));
  const Tensor keys = at::stack({before.keys[0], before.keys[0] + 1, before.keys[0]});
  const Tensor values = testing::random({3, 8});
  fill(keys, values, testing::values({0, 100, 100}));  // the first is not in use
  EXPECT_TRUE(read(at_position(3)).values[0].equal(values[2]));
  fill(keys, values, testing::values({0, 100, 0}));
  EXPECT_TRUE(read(at_position(3)).values[0].equal(values[1]));
}

// By the linearisation, against differences.
TEST_F(CodebookTest, HasAGradientInItsValues) {
  const MemoryContents before = read(at_position(3));
  fill(before.keys.narrow(0, 0, 3), testing::random({3, 8}), testing::values({1e-6, 1e-6, 1e-6}));
  const Subset subset =
      testing::all_of(data_).with_rows(at::tensor({0, 13, 20, 31, 50}, at::kLong));
  const Objective objective;
  CostMeter cost;
  const Tensor gradient = value_and_gradient(model_, subset, objective, cost).gradient;
  const std::int64_t values_begin = model_.dim() - 3 - 24;
  for (const std::int64_t place : {values_begin, values_begin + 9, values_begin + 23}) {
    const auto loss_at = [&](double step) {
      Model moved = model_.clone();
      Tensor one = at::zeros({model_.dim()}, at::kDouble);
      one[place] = step;
      moved.add_to_theta(one);
      return value_only(moved, subset, objective, cost).loss;
    };
    const double slope = (loss_at(1e-5) - loss_at(-1e-5)) / 2e-5;
    ASSERT_GT(std::abs(slope), 1e-8);
    EXPECT_NEAR(gradient[place].item<double>(), slope, 1e-8) << place;
  }
}

TEST_F(CodebookTest, StandsAtALayerThatThereIs) {
  EXPECT_ERROR(ErrorKind::kTask, with_codebook(plain_, "h.2.mlp.c_proj", 3),
               ::testing::HasSubstr("h.2.mlp.c_proj"));
}

}  // namespace
}  // namespace oubli
