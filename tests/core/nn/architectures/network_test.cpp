#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include "core/base/settings_file.h"
#include "core/nn/architectures/architecture.h"
#include "tests/support/expect_error.h"

namespace oubli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Network built(const std::string& name, const std::string& yaml, const NetworkShape& shape) {
  const Settings settings(parse_settings(yaml, "t.yaml"));
  const auto builder = builtin_architectures().find(name).configure(settings);
  settings.finish();
  return builder(shape);
}

Model model_of(const Network& network, std::uint64_t seed) {
  Model model(network.layers, network.table, at::kDouble);
  Generator generator(seed);
  model.initialise(generator);
  return model;
}

std::vector<std::string> names_of(const Network& network) {
  std::vector<std::string> names;
  for (const ParameterInfo& info : network.table->parameters()) names.push_back(info.name);
  return names;
}

std::string error(const std::string& layers, const NetworkShape& shape = {{1, 8, 8}, 3}) {
  return testing::error_message(ErrorKind::kSettings,
                                [&] { built("network", "layers: " + layers, shape); });
}

// LeNet-5 layer by layer is lenet5.
TEST(NetworkArchitecture, IsMadeOfTheSameLayersAsNamedOnes) {
  const NetworkShape shape{{1, 28, 28}, 10};
  const Network written = built("network", R"(
layers:
  - conv: {channels: 6, kernel: 5, padding: 2, as: conv1}
  - max_pool
  - relu
  - conv: {channels: 16, kernel: 5, as: conv2}
  - max_pool
  - relu
  - flatten
  - linear: {features: 120, as: fc1}
  - relu
  - linear: {features: 84, as: fc2}
  - relu
  - linear: {as: fc3}
)",
                                shape);
  const Network named = built("lenet5", "{}", shape);
  EXPECT_EQ(names_of(written), names_of(named));
  const Model a = model_of(written, 1), b = model_of(named, 1);
  EXPECT_TRUE(a.theta().equal(b.theta()));
  const Tensor inputs = Generator(2).normal({3, 1, 28, 28}, at::kDouble);
  EXPECT_TRUE(a.forward(inputs).equal(b.forward(inputs)));
}

TEST(NetworkArchitecture, BlocksPutTheirNameInFront) {
  const Network network = built("network", R"(
layers:
  - conv: {channels: 4, padding: 1, bias: false}
  - residual:
      as: block
      body: [{conv: {channels: 8, stride: 2, padding: 1, as: conv1}}, {batch_norm: {as: bn1}}]
      shortcut: [{conv: {channels: 8, kernel: 1, stride: 2, as: downsample.0}}]
  - branches:
      of:
        - [{conv: {channels: 2, kernel: 1}}, tanh]
        - [{average_pool: {size: 3, stride: 1, padding: 1}}]
  - group_norm: {groups: 5}
  - global_average_pool
  - dropout: {p: 0.2}
  - linear
)",
                                {{1, 8, 8}, 3});
  EXPECT_THAT(
      names_of(network),
      ElementsAre("0.weight", "block.conv1.weight", "block.conv1.bias", "block.bn1.weight",
                  "block.bn1.bias", "block.downsample.0.weight", "block.downsample.0.bias",
                  "2.0.0.weight", "2.0.0.bias", "3.weight", "3.bias", "6.weight", "6.bias"));
  EXPECT_EQ(network.table->parameters().back().shape, std::vector<std::int64_t>{3});
  const Tensor inputs = Generator(2).normal({2, 1, 8, 8}, at::kDouble);
  EXPECT_EQ(model_of(network, 1).forward(inputs).sizes(), at::IntArrayRef({2, 3}));
}

TEST(NetworkArchitecture, WhatDoesNotFitIsSaidAtItsLayer) {
  EXPECT_THAT(error("[{convv: {channels: 3}}]"), HasSubstr("did you mean 'conv'?"));
  EXPECT_THAT(error("[{conv: {channels: 3, paddng: 1}}]"), HasSubstr("did you mean 'padding'?"));
  EXPECT_THAT(error("[{conv: {channels: 3}}, linear]"),
              HasSubstr("linear needs features: put flatten before; what reaches it is 3x6x6"));
  EXPECT_THAT(error("[{conv: {channels: 3, kernel: 9}}]"), HasSubstr("sides of 9 or more"));
  EXPECT_THAT(error("[{residual: {body: [{conv: {channels: 3}}]}}]"),
              HasSubstr("the body gives 3x6x6 for each example and the input 1x8x8"));
  EXPECT_THAT(error("[flatten]"), HasSubstr("the last layer gives 64 for each example"));
  EXPECT_THAT(error("[]"), HasSubstr("a list of layers is empty"));
  EXPECT_THAT(error("[{branches: {of: [[relu], [max_pool]]}}]"), HasSubstr("must agree"));
}

// The stem of torchvision's resnet18, which halves an image twice.
TEST(Resnet18, HasTorchvisionsStem) {
  const Network large = built("resnet18", "{width: 2, stem: large}", {{3, 64, 64}, 5});
  EXPECT_EQ(large.table->parameters().front().shape, (std::vector<std::int64_t>{2, 3, 7, 7}));
  const Tensor inputs = Generator(2).normal({2, 3, 64, 64}, at::kDouble);
  EXPECT_EQ(model_of(large, 1).forward(inputs).sizes(), at::IntArrayRef({2, 5}));
}

}  // namespace
}  // namespace oubli
