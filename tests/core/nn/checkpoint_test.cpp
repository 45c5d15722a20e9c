#include "core/nn/checkpoint.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "core/nn/architectures/architecture.h"
#include "tests/support/expect_error.h"
#include "tests/support/temporary_folder.h"

namespace oubli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::TemporaryFolder;

// A small network with convolutions, batch normalisation and its buffers.
Model small(at::ScalarType dtype, std::uint64_t seed) {
  SettingsNode width;
  width.kind = SettingsNode::Kind::kScalar;
  width.scalar = "2";
  SettingsNode node;
  node.kind = SettingsNode::Kind::kMap;
  node.entries = {{"width", width}};
  const Network network =
      builtin_architectures().find("resnet18").configure(Settings(node))({{1, 8, 8}, 3});
  Model model(network.layers, network.table, dtype);
  Generator generator(seed);
  model.initialise(generator);
  model.forward(generator.normal({4, 1, 8, 8}, dtype), PassMode::kTraining);
  return model;
}

TEST(Checkpoint, BringsBackParametersAndBuffers) {
  const TemporaryFolder folder;
  const Model saved = small(at::kFloat, 1);
  save_model(saved, folder / "m", {{"architecture", "resnet18"}});
  Model loaded = small(at::kFloat, 2);
  const Tensor inputs = Generator(3).normal({2, 1, 8, 8}, at::kFloat);
  EXPECT_FALSE(loaded.forward(inputs).equal(saved.forward(inputs)));
  load_weights(loaded, folder / "m");
  EXPECT_TRUE(loaded.theta().equal(saved.theta()));
  EXPECT_TRUE(loaded.forward(inputs).equal(saved.forward(inputs)));
  EXPECT_EQ(read_tensors(folder / "m").metadata.at("architecture"), "resnet18");
}

TEST(Checkpoint, ConvertsBetweenFloatingTypes) {
  const TemporaryFolder folder;
  const Model single = small(at::kFloat, 1);
  save_model(single, folder / "single", {});
  Model wide = small(at::kDouble, 2);
  load_weights(wide, folder / "single");
  EXPECT_EQ(wide.dtype(), at::kDouble);
  EXPECT_TRUE(wide.theta().equal(single.theta().to(at::kDouble)));
  save_model(wide, folder / "wide", {});
  Model narrow = small(at::kFloat, 3);
  load_weights(narrow, folder / "wide");
  EXPECT_TRUE(narrow.theta().equal(single.theta()));
}

TEST(Checkpoint, WholeNumbersOfPyTorchArePassedOver) {
  const TemporaryFolder folder;
  const Model saved = small(at::kFloat, 1);
  save_model(saved, folder / "m", {});
  TensorFile file = read_tensors(folder / "m");
  file.tensors.emplace_back("bn1.num_batches_tracked", at::scalar_tensor(3, at::kLong));
  file.tensors.emplace_back("position_ids", at::arange(4));
  file.tensors.emplace_back("mask", at::ones({2, 2}, at::kBool));
  write_tensors(folder / "m", file);
  Model loaded = small(at::kFloat, 2);
  load_weights(loaded, folder / "m");
  EXPECT_TRUE(loaded.theta().equal(saved.theta()));
}

// As DataParallel saves it, and under another architecture's names.
TEST(Checkpoint, NamesMayBeTranslated) {
  const TemporaryFolder folder;
  const Model saved = small(at::kFloat, 1);
  save_model(saved, folder / "m", {});
  TensorFile file = read_tensors(folder / "m");
  for (auto& [name, tensor] : file.tensors) {
    if (name.starts_with("conv1.")) name = "stem.0" + name.substr(5);
    name.insert(0, "module.");
  }
  Model loaded = small(at::kFloat, 2);
  load_weights(loaded, renamed(file, {{"stem.0", "conv1"}}, "m"), "m");
  EXPECT_TRUE(loaded.theta().equal(saved.theta()));
  EXPECT_THAT(testing::error_message(ErrorKind::kData,
                                     [&] {
                                       renamed(file, {{"head", "fc"}}, "m");
                                     }),
              HasSubstr("'rename' speaks of 'head', which no name begins with"));
  EXPECT_THAT(testing::error_message(ErrorKind::kData,
                                     [&] {
                                       renamed(file, {{"bn1.weight", "bn1.bias"}}, "m");
                                     }),
              HasSubstr("two tensors are called 'bn1.bias'"));
}

// Saves a model, lets `change` loose on the file, and returns the message of loading it.
template <typename Change>
std::string message_after(Change change) {
  const TemporaryFolder folder;
  save_model(small(at::kDouble, 1), folder / "m.safetensors", {});
  TensorFile file = read_tensors(folder / "m.safetensors");
  change(file);
  write_tensors(folder / "m.safetensors", file);
  Model model = small(at::kFloat, 2);
  const Tensor theta = model.theta().clone();
  const Tensor buffer = model.buffers()[0].clone();
  const std::string message = testing::error_message(
      ErrorKind::kData, [&] { load_weights(model, folder / "m.safetensors"); });
  EXPECT_TRUE(model.theta().equal(theta)) << "a refused file must change nothing";
  EXPECT_TRUE(model.buffers()[0].equal(buffer));
  return message;
}

Tensor& named(TensorFile& file, const std::string& name) {
  for (auto& [other, tensor] : file.tensors) {
    if (other == name) return tensor;
  }
  throw std::out_of_range(name);
}

TEST(Checkpoint, ListsAllThatDoesNotFit) {
  const std::string message = message_after([](TensorFile& file) {
    file.tensors[0].first = "stem.weight";
    named(file, "fc.weight") = at::zeros({5, 16}, at::kDouble);
    named(file, "fc.bias") = at::zeros({3}, at::kLong);
    named(file, "bn1.running_var") = at::ones({1}, at::kDouble);
  });
  EXPECT_THAT(message,
              AllOf(HasSubstr("m.safetensors: does not fit the model."),
                    HasSubstr("Missing: conv1.weight."), HasSubstr("Unexpected: stem.weight."),
                    HasSubstr("fc.weight: [3, 16] expected, [5, 16] found"),
                    HasSubstr("fc.bias: a floating type expected, Long found"),
                    HasSubstr("bn1.running_var: [2] expected, [1] found")));
  EXPECT_THAT(message, Not(HasSubstr("layer1")));
}

TEST(Checkpoint, RefusesValuesThatAreNotFinite) {
  EXPECT_THAT(
      message_after([](TensorFile& file) { named(file, "fc.weight")[1][7] = std::nan(""); }),
      HasSubstr("'fc.weight' at [1, 7] is nan"));
  EXPECT_THAT(message_after([](TensorFile& file) {
                named(file, "bn1.running_mean")[1] = std::numeric_limits<double>::infinity();
              }),
              HasSubstr("'bn1.running_mean' at [1] is inf"));
  EXPECT_THAT(message_after([](TensorFile& file) { named(file, "fc.bias")[2] = 1e300; }),
              AllOf(HasSubstr("'fc.bias' at [2] is 1e+300"), HasSubstr("as Float")));
}

}  // namespace
}  // namespace oubli
