#include "core/nn/layers.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "tests/support/expect_error.h"
#include "tests/support/toy_model.h"

namespace oubli {
namespace {

using ::testing::HasSubstr;
using testing::toy_model;

Tensor images(at::IntArrayRef shape) { return Generator(4).normal(shape, at::kDouble); }

TEST(BatchNorm, TrainingModeMovesTheRunningStatistics) {
  const Model model = toy_model(
      [](Sequential& net, ParameterTable& table) { net.add<BatchNorm2d>(table, "bn", 3); });
  const Tensor inputs = images({8, 3, 4, 4}) * 2 + 1;
  const Tensor by_channel = inputs.transpose(0, 1).flatten(1);
  model.forward(inputs, PassMode::kEvaluation);
  EXPECT_TRUE(model.buffers()[0].equal(at::zeros({3}, at::kDouble)));
  const Tensor output = model.forward(inputs, PassMode::kTraining);
  EXPECT_TRUE(model.buffers()[0].allclose(0.1 * by_channel.mean(1), 1e-12, 1e-12));
  EXPECT_TRUE(model.buffers()[1].allclose(0.9 + 0.1 * by_channel.var(1, true), 1e-12, 1e-12));
  const Tensor made = output.transpose(0, 1).flatten(1);
  EXPECT_LT(made.mean(1).abs().max().item<double>(), 1e-12);
}

TEST(BatchNorm, RefusesWhatHasNoMeaningInTrainingMode) {
  const Model model = toy_model(
      [](Sequential& net, ParameterTable& table) { net.add<BatchNorm2d>(table, "bn", 3); });
  EXPECT_ERROR(ErrorKind::kNumerics, model.forward(images({1, 3, 1, 1}), PassMode::kTraining),
               HasSubstr("more than one value per channel"));
  EXPECT_TRUE(model.buffers()[1].isfinite().all().item<bool>());

  EXPECT_ERROR(ErrorKind::kNumerics, model.linearise(images({2, 3, 2, 2}), PassMode::kTraining),
               HasSubstr("mixes the examples of a batch"));
}

TEST(Dropout, DrawsInTrainingModeOnly) {
  const Model model = toy_model([](Sequential& net, ParameterTable&) { net.add<Dropout>(0.25); });
  const Tensor inputs = at::ones({200, 50}, at::kDouble);
  EXPECT_TRUE(model.forward(inputs).equal(inputs));
  Generator generator(3);
  const Tensor dropped = model.forward(inputs, PassMode::kTraining, &generator);
  const double share = dropped.eq(0).to(at::kDouble).mean().item<double>();
  EXPECT_NEAR(share, 0.25, 5 * std::sqrt(0.25 * 0.75 / 10000));
  EXPECT_NEAR(dropped.max().item<double>(), 1 / 0.75, 1e-15);
  Generator again(3);
  EXPECT_TRUE(model.forward(inputs, PassMode::kTraining, &again).equal(dropped));
}

TEST(Dropout, RefusesWhatHasNoMeaning) {
  const Model model = toy_model([](Sequential& net, ParameterTable&) { net.add<Dropout>(0.25); });
  const Tensor inputs = at::ones({2, 5}, at::kDouble);
  EXPECT_ERROR(ErrorKind::kUsage, model.forward(inputs, PassMode::kTraining),
               HasSubstr("generator"));
  EXPECT_ERROR(ErrorKind::kNumerics, model.linearise(inputs, PassMode::kTraining),
               HasSubstr("none has a curvature"));
  EXPECT_ERROR(ErrorKind::kUsage, Dropout(1.0), HasSubstr("below 1"));
}

TEST(Embedding, RefusesTokensOutsideItsTable) {
  const Model model = toy_model(
      [](Sequential& net, ParameterTable& table) { net.add<Embedding>(table, "e", 4, 2); });
  EXPECT_ERROR(ErrorKind::kData, model.forward(at::tensor({0, 4}, at::kLong).view({1, 2})),
               HasSubstr("expected 0 to 3"));
  EXPECT_ERROR(ErrorKind::kUsage,
               model.linearise(at::tensor({0, 3}, at::kLong).view({1, 2}))
                   ->adjoint(at::ones({1, 2, 2}), {.input = true}),
               HasSubstr("where the data enters"));
}

TEST(Conv2d, GroupsMustDivideTheChannels) {
  ParameterTable table;
  EXPECT_ERROR(ErrorKind::kUsage, Conv2d(table, "c", Conv2dShape{.in = 4, .out = 6, .groups = 4}),
               HasSubstr("cannot be divided into 4 groups"));
}

TEST(GroupNorm, GroupsMustDivideTheChannels) {
  ParameterTable table;
  EXPECT_ERROR(ErrorKind::kUsage, GroupNorm(table, "gn", 4, 6),
               HasSubstr("6 channels cannot be divided into 4 groups"));
}

TEST(ParameterTable, RefusesANameUsedTwice) {
  ParameterTable table;
  table.add("w", {2, 3}, Initialisation::kZeros, 1);
  table.add_buffer("m", at::zeros({2}));
  EXPECT_EQ(table.size(), 6);
  EXPECT_ERROR(ErrorKind::kUsage, table.add("w", {1}, Initialisation::kZeros, 1), HasSubstr("'w'"));
  EXPECT_ERROR(ErrorKind::kUsage, table.add_buffer("w", at::zeros({1})), HasSubstr("'w'"));
  EXPECT_ERROR(ErrorKind::kUsage, table.add_buffer("m", at::zeros({1})), HasSubstr("'m'"));
}

// No position sees what comes behind it.
TEST(CausalAttention, LooksBackAlone) {
  const Tensor x = Generator(4).normal({2, 6, 12}, at::kDouble);
  Tensor other = x.clone();
  other.narrow(1, 4, 2).add_(1);
  const Tensors none;
  ForwardPass pass{none, none};
  const CausalAttention layer(2);
  const Tensor first = layer.forward(x, pass), second = layer.forward(other, pass);
  EXPECT_TRUE(first.narrow(1, 0, 4).equal(second.narrow(1, 0, 4)));
  EXPECT_FALSE(first.narrow(1, 4, 2).equal(second.narrow(1, 4, 2)));
  // The first position has only itself to look at: its own values, the last third.
  EXPECT_TRUE(first.select(1, 0).allclose(x.select(1, 0).narrow(1, 8, 4), 1e-12, 1e-14));
}

TEST(CausalAttention, NeedsHeadsThatDivideTheFeatures) {
  const Tensors none;
  ForwardPass pass{none, none};
  EXPECT_THROW(CausalAttention(3).forward(at::zeros({1, 2, 12}), pass), Error);
}

TEST(PositionEmbedding, RefusesASequenceThatIsTooLong) {
  ParameterTable table;
  const PositionEmbedding layer(table, "wpe", 4, 3);
  const Tensors weights = {at::ones({4, 3})}, none;
  ForwardPass pass{weights, none};
  EXPECT_EQ(layer.forward(at::zeros({1, 2, 3}), pass).sum().item<double>(), 6);
  EXPECT_THROW(layer.forward(at::zeros({1, 5, 3}), pass), Error);
}

}  // namespace
}  // namespace oubli
