#include "core/nn/layers.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include "tests/support/expect_error.h"
#include "tests/support/toy_model.h"

namespace oubli {
namespace {

using ::testing::HasSubstr;
using testing::toy_model;

// A loss of one example that depends on every output in its own way.
Tensor loss_of(const Tensor& output) {
  const Tensor weights =
      at::linspace(-1.0, 2.0, output[0].numel(), output.options()).view(output[0].sizes());
  return (output * weights + 0.3 * output.square() * weights.cos()).sum();
}

// sum_b (dl_b / dtheta)^2 by differentiating one example at a time.
Tensor squares_one_by_one(const Model& model, const Tensor& inputs) {
  Tensor sums = at::zeros_like(model.theta());
  for (std::int64_t b = 0; b < inputs.size(0); ++b) {
    const Tensor loss = loss_of(model.forward(inputs.narrow(0, b, 1)));
    const std::vector<Tensor> gradients =
        torch::autograd::grad({loss}, model.parameters(), {}, {}, false, true);
    sums += model.join(gradients).square();
  }
  return sums;
}

// The same by the layers' rules from one recorded pass.
Tensor squares_by_rules(const Model& model, const Tensor& inputs) {
  std::vector<LayerRecord> records;
  const Tensor loss = loss_of(model.forward(inputs, Mode::kEvaluation, &records));
  std::vector<Tensor> outputs;
  for (const LayerRecord& record : records) outputs.push_back(record.output);
  const std::vector<Tensor> gradients = torch::autograd::grad({loss}, outputs);
  const at::NoGradGuard no_grad;
  const Tensor sums = at::zeros_like(model.theta());
  std::vector<Tensor> views = model.split(sums);
  const Pass pass{model.parameters(), model.buffers(), Mode::kEvaluation, nullptr};
  for (std::size_t i = 0; i < records.size(); ++i) {
    records[i].layer->add_squared_gradients(records[i].input, gradients[i], pass, views);
  }
  return sums;
}

void expect_rules_hold(const Model& model, const Tensor& inputs) {
  const Tensor expected = squares_one_by_one(model, inputs);
  const Tensor found = squares_by_rules(model, inputs);
  ASSERT_GT(expected.min().item<double>(), 0) << "a parameter without gradient tests nothing";
  EXPECT_LT(((found - expected) / expected).abs().max().item<double>(), 1e-12);
}

Tensor images(at::IntArrayRef shape) { return Generator(4).normal(shape, at::kDouble); }

// Moves the parameters and buffers away from their special initial values.
void disturb(Model& model) {
  Generator generator(9);
  model.add_to_theta(generator.normal({model.dim()}, at::kDouble), 0.3);
  const at::NoGradGuard no_grad;
  for (const Tensor& buffer : model.buffers()) {
    buffer.copy_(generator.uniform(buffer.sizes(), at::kDouble) + 0.5);
  }
}

TEST(SquaredGradients, OfLinear) {
  for (const bool bias : {true, false}) {
    const Model model = toy_model([bias](Sequential& net, ParameterTable& table) {
      net.add<Linear>(table, "fc", 5, 3, bias);
    });
    expect_rules_hold(model, images({7, 5}));
  }
}

TEST(SquaredGradients, OfConvolutions) {
  const std::vector<Conv2dShape> shapes = {
      {.in = 2, .out = 3, .kernel = 3},
      {.in = 2, .out = 3, .kernel = 3, .padding = 1},
      {.in = 2, .out = 3, .kernel = 3, .stride = 2, .padding = 1},
      {.in = 2, .out = 4, .kernel = 1, .stride = 2, .bias = false},
      {.in = 2, .out = 2, .kernel = 5, .stride = 3, .padding = 2},
  };
  for (const Conv2dShape& shape : shapes) {
    const Model model = toy_model(
        [&](Sequential& net, ParameterTable& table) { net.add<Conv2d>(table, "conv", shape); });
    // More examples than one chunk of the rule.
    expect_rules_hold(model, images({11, 2, 7, 6}));
  }
}

TEST(SquaredGradients, OfNormalisations) {
  Model batch = toy_model(
      [](Sequential& net, ParameterTable& table) { net.add<BatchNorm2d>(table, "bn", 4); });
  disturb(batch);
  expect_rules_hold(batch, images({6, 4, 3, 2}));
  Model group = toy_model(
      [](Sequential& net, ParameterTable& table) { net.add<GroupNorm>(table, "gn", 2, 4); });
  disturb(group);
  expect_rules_hold(group, images({6, 4, 3, 2}));
}

TEST(SquaredGradients, OfAResidualNetwork) {
  Model model = toy_model([](Sequential& net, ParameterTable& table) {
    net.add<Conv2d>(table, "conv1", Conv2dShape{.in = 1, .out = 4, .padding = 1});
    net.add<Tanh>();
    auto body = std::make_unique<Sequential>();
    body->add<Conv2d>(table, "conv2", Conv2dShape{.in = 4, .out = 6, .stride = 2, .padding = 1});
    body->add<BatchNorm2d>(table, "bn", 6);
    auto shortcut = std::make_unique<Sequential>();
    shortcut->add<Conv2d>(table, "down", Conv2dShape{.in = 4, .out = 6, .kernel = 1, .stride = 2});
    net.add<Residual>(std::move(body), std::move(shortcut));
    net.add<GlobalAveragePool>();
    net.add<Linear>(table, "fc", 6, 3);
  });
  disturb(model);
  expect_rules_hold(model, images({9, 1, 6, 6}));
}

TEST(BatchNorm, TrainingModeMovesTheRunningStatistics) {
  const Model model = toy_model(
      [](Sequential& net, ParameterTable& table) { net.add<BatchNorm2d>(table, "bn", 3); });
  const Tensor inputs = images({8, 3, 4, 4}) * 2 + 1;
  const Tensor by_channel = inputs.transpose(0, 1).flatten(1);
  model.forward(inputs, Mode::kEvaluation);
  EXPECT_TRUE(model.buffers()[0].equal(at::zeros({3}, at::kDouble)));
  const Tensor output = model.forward(inputs, Mode::kTraining);
  EXPECT_TRUE(model.buffers()[0].allclose(0.1 * by_channel.mean(1), 1e-12, 1e-12));
  EXPECT_TRUE(model.buffers()[1].allclose(0.9 + 0.1 * by_channel.var(1, true), 1e-12, 1e-12));
  const Tensor made = output.transpose(0, 1).flatten(1);
  EXPECT_LT(made.mean(1).abs().max().item<double>(), 1e-12);
}

TEST(BatchNorm, RefusesWhatHasNoMeaningInTrainingMode) {
  const Model model = toy_model(
      [](Sequential& net, ParameterTable& table) { net.add<BatchNorm2d>(table, "bn", 3); });
  EXPECT_ERROR(ErrorKind::kNumerics, model.forward(images({1, 3, 1, 1}), Mode::kTraining),
               HasSubstr("more than one value per channel"));
  EXPECT_TRUE(model.buffers()[1].isfinite().all().item<bool>());

  std::vector<LayerRecord> records;
  model.forward(images({2, 3, 2, 2}), Mode::kTraining, &records);
  ASSERT_EQ(records.size(), 1);
  std::vector<Tensor> sums = model.split(at::zeros_like(model.theta()));
  const Pass pass{model.parameters(), model.buffers(), Mode::kTraining, nullptr};
  EXPECT_ERROR(
      ErrorKind::kNumerics,
      records[0].layer->add_squared_gradients(records[0].input, records[0].output, pass, sums),
      HasSubstr("mixes the examples of a batch"));
}

TEST(GroupNorm, GroupsMustDivideTheChannels) {
  ParameterTable table;
  EXPECT_ERROR(ErrorKind::kUsage, GroupNorm(table, "gn", 4, 6),
               HasSubstr("6 channels cannot be divided into 4 groups"));
}

TEST(ParameterTable, RefusesANameUsedTwice) {
  ParameterTable table;
  table.add("w", {2, 3}, Initialisation::kZeros, 1);
  table.add_buffer("m", {2}, 0);
  EXPECT_EQ(table.size(), 6);
  EXPECT_ERROR(ErrorKind::kUsage, table.add("w", {1}, Initialisation::kZeros, 1), HasSubstr("'w'"));
  EXPECT_ERROR(ErrorKind::kUsage, table.add_buffer("w", {1}, 0), HasSubstr("'w'"));
  EXPECT_ERROR(ErrorKind::kUsage, table.add_buffer("m", {1}, 0), HasSubstr("'m'"));
}

}  // namespace
}  // namespace oubli
