#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <torch/script.h>

#include "core/curvature/data_operator.h"
#include "core/curvature/hessian.h"
#include "core/nn/architectures/architecture.h"
#include "core/nn/checkpoint.h"
#include "core/nn/layers/script.h"
#include "core/nn/weights_file.h"
#include "experiments/selftest/problems.h"
#include "tests/support/expect_error.h"
#include "tests/support/files.h"
#include "tests/support/temporary_folder.h"

namespace oubli {
namespace {

using ::testing::HasSubstr;
using testing::make_dataset;
using testing::TemporaryFolder;

torch::jit::Module linear(std::int64_t in, std::int64_t out) {
  torch::jit::Module module("__torch__.torch.nn.modules.linear.Linear");
  module.register_parameter("weight", at::zeros({out, in}, at::kDouble), false);
  module.register_parameter("bias", at::zeros({out}, at::kDouble), false);
  module.define("def forward(self, x):\n    return torch.linear(x, self.weight, self.bias)\n");
  return module;
}

// As PyTorch writes an mlp of one hidden layer of tanh, 4 inputs and 3 classes.
std::string save_network(const TemporaryFolder& folder) {
  torch::jit::Module net("__torch__.Net");
  net.register_module("fc1", linear(4, 5));
  net.register_module("fc2", linear(5, 3));
  net.define(
      "def forward(self, x):\n"
      "    return self.fc2.forward(torch.tanh(self.fc1.forward(torch.flatten(x, 1))))\n");
  const std::string file = folder.path() / "net.pt";
  net.save(file);
  return file;
}

Model script_model(const std::string& file, const Dataset& data) {
  const Settings settings = testing::settings_from({{"file", file}});
  const Network network = builtin_architectures()
                              .find("torchscript")
                              .configure(settings)({data.input_shape(), data.outputs});
  settings.finish();
  return {network.layers, network.table, at::kDouble};
}

class TorchScript : public ::testing::Test {
 protected:
  TorchScript()
      : data_(make_dataset(20, 4, 3)),
        script_(script_model(save_network(folder_), *data_)),
        own_(testing::make_model("mlp", "{hidden: [5], activation: tanh}", *data_)) {
    script_.set_theta(own_.theta());
  }
  TemporaryFolder folder_;
  std::shared_ptr<const Dataset> data_;
  Model script_, own_;
};

TEST_F(TorchScript, IsTheNetworkThatWasWrittenDown) {
  EXPECT_EQ(script_.parameter_infos()[2].name, "fc2.weight");
  EXPECT_EQ(script_.parameter_infos()[2].initialisation, Initialisation::kUniformFanIn);
  EXPECT_EQ(script_.parameter_infos()[3].fan, 5);
  const Tensor inputs = data_->inputs.to(at::kDouble);
  EXPECT_LT((script_.forward(inputs) - own_.forward(inputs)).abs().max().item<double>(), 1e-14);
}

TEST_F(TorchScript, HasTheDerivativesOfLayersWithRules) {
  const Subset all = testing::all_of(data_);
  const Objective loss{LossKind::kCrossEntropy, 0.1};
  CostMeter cost;
  const Tensor own = value_and_gradient(own_, all, loss, cost).gradient;
  const Tensor script = value_and_gradient(script_, all, loss, cost).gradient;
  EXPECT_LT((own - script).abs().max().item<double>(), 1e-13);
  Generator generator(1);
  const Tensor v = generator.normal({own_.dim(), 2}, at::kDouble);
  const Tensor products = Hessian(own_, all, loss, cost).apply(v);
  EXPECT_LT((Hessian(script_, all, loss, cost).apply(v) - products).abs().max().item<double>(),
            1e-12);
}

TEST_F(TorchScript, CopiesHaveParametersOfTheirOwn) {
  const Model copy = script_.clone();
  const Tensor inputs = data_->inputs.to(at::kDouble);
  const Tensor before = script_.forward(inputs);
  script_.set_theta(script_.theta() * 2);
  EXPECT_TRUE(copy.forward(inputs).equal(before));
  EXPECT_FALSE(script_.forward(inputs).equal(before));
}

TEST_F(TorchScript, ItsWeightsAreRead) {
  const TensorFile weights = script_weights(folder_.path() / "net.pt");
  ASSERT_EQ(weights.tensors.size(), 4u);
  EXPECT_EQ(read_weights(folder_.path() / "net.pt").tensors.size(), 4u);
  load_weights(script_, weights, "net.pt");
  EXPECT_EQ(script_.theta().abs().max().item<double>(), 0);
}

TEST_F(TorchScript, WhatDoesNotFitIsSaid) {
  const std::string file = folder_.path() / "net.pt";
  const auto configure = builtin_architectures().find("torchscript").configure;
  EXPECT_THAT(
      testing::error_message(ErrorKind::kSettings,
                             [&] {
                               configure(testing::settings_from({{"file", file}}))({{4}, 7});
                             }),
      HasSubstr("gives [2, 3] for two examples, expected [2, 7]"));
  EXPECT_THAT(
      testing::error_message(
          ErrorKind::kSettings,
          [&] {
            configure(testing::settings_from({{"file", file}, {"sha256", std::string(64, '0')}}));
          }),
      HasSubstr("has changed"));
  folder_.write("no.pt", "nothing of the kind");
  EXPECT_THAT(
      testing::error_message(ErrorKind::kData, [&] { script_weights(folder_.path() / "no.pt"); }),
      HasSubstr("not a traced or scripted network"));
}

}  // namespace
}  // namespace oubli
