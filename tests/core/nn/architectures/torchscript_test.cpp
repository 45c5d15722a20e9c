#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <torch/script.h>

#include <functional>

#include "core/curvature/data_operator.h"
#include "core/curvature/hessian.h"
#include "core/nn/architectures/architecture.h"
#include "core/nn/checkpoint.h"
#include "core/nn/layers/script.h"
#include "core/nn/weights_file.h"
#include "experiments/selftest/problems.h"
#include "tests/support/expect_error.h"
#include "tests/support/files.h"
#include "tests/support/methods.h"
#include "tests/support/python.h"
#include "tests/support/temporary_folder.h"

namespace oubli {
namespace {

using ::testing::AllOf;
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
      HasSubstr("not a scripted or traced network"));
}

// A network of 4 inputs and 3 classes whose forward pass is `lines`, with more parts by `add`.
std::string save_lines(
    const TemporaryFolder& folder, const std::string& lines,
    const std::function<void(torch::jit::Module&)>& add = [](torch::jit::Module&) {}) {
  torch::jit::Module net("__torch__.Net");
  net.register_module("fc1", linear(4, 5));
  net.register_module("fc2", linear(5, 3));
  net.register_attribute("training", c10::BoolType::get(), true);
  add(net);
  net.define("def forward(self, x):\n    h = torch.tanh(self.fc1.forward(torch.flatten(x, 1)))\n" +
             lines);
  const std::string file = folder.path() / "lines.pt";
  net.save(file);
  return file;
}

void add_batch_norm(torch::jit::Module& net) {
  net.register_buffer("running_mean", at::zeros({5}, at::kDouble));
  net.register_buffer("running_var", at::ones({5}, at::kDouble));
}

std::string batch_norm(const std::string& training) {
  return "    h = torch.batch_norm(h, None, None, self.running_mean, self.running_var, " +
         training + ", 0.1, 1e-5, False)\n    return self.fc2.forward(h)\n";
}

std::string dropout(const std::string& training) {
  return "    return self.fc2.forward(torch.dropout(h, 0.5, " + training + "))\n";
}

std::string refusal(const std::string& file) {
  return testing::error_message(ErrorKind::kData, [&] {
    builtin_architectures()
        .find("torchscript")
        .configure(testing::settings_from({{"file", file}}))({{4}, 3});
  });
}

TEST(TorchScriptModes, ATraceInTrainingModeIsRefused) {
  const TemporaryFolder folder;
  const std::string says = "Call net.eval() before torch.jit.trace, or use torch.jit.script.";
  EXPECT_THAT(refusal(save_lines(folder, dropout("True"))),
              AllOf(HasSubstr("differ from one pass to the next"), HasSubstr(says)));
  EXPECT_THAT(refusal(save_lines(folder, batch_norm("True"), add_batch_norm)),
              AllOf(HasSubstr("depend on the other examples of its batch"), HasSubstr(says)));
}

TEST(TorchScriptModes, AScriptHasBothAndLoadingItDrawsNothing) {
  const TemporaryFolder folder;
  const auto data = make_dataset(8, 4, 3);
  const Tensor state = at::detail::getDefaultCPUGenerator().get_state();
  script_model(save_lines(folder, batch_norm("self.training"), add_batch_norm), *data);
  Model model = script_model(save_lines(folder, dropout("self.training")), *data);
  EXPECT_TRUE(at::detail::getDefaultCPUGenerator().get_state().equal(state));
  Generator generator(1);
  model.initialise(generator);
  const Tensor inputs = data->inputs.to(at::kDouble);
  EXPECT_TRUE(model.forward(inputs).equal(model.forward(inputs)));
  EXPECT_FALSE(model.forward(inputs, PassMode::kTraining, &generator)
                   .equal(model.forward(inputs, PassMode::kTraining, &generator)));
}

Tensor hessian_product(Model model, const std::shared_ptr<const Dataset>& data) {
  Generator generator(1);
  model.initialise(generator);
  CostMeter cost;
  return Hessian(model, testing::all_of(data), {LossKind::kCrossEntropy, 0.1}, cost)
      .apply(generator.normal({model.dim(), 1}, at::kDouble));
}

TEST(TorchScriptDerivatives, AttentionHasTwo) {
  const TemporaryFolder folder;
  const auto data = make_dataset(8, 4, 3);
  const std::string begin = "    q = h.view(-1, 1, 5, 1)\n", end = "    return self.fc2.forward(";
  const Tensor fused = hessian_product(
      script_model(
          save_lines(folder, begin + "    a = torch.scaled_dot_product_attention(q, q, q)\n" + end +
                                 "torch.flatten(a, 1))\n"),
          *data),
      data);
  const Tensor written = hessian_product(
      script_model(save_lines(folder, begin +
                                          "    a = torch.matmul(torch.softmax(torch.matmul(q, "
                                          "q.transpose(2, 3)), 3), q)\n" +
                                          end + "torch.flatten(a, 1))\n"),
                   *data),
      data);
  EXPECT_LT((fused - written).abs().max().item<double>(), 1e-12);
}

TEST(TorchScriptDerivatives, WhatLacksASecondIsNamed) {
  const TemporaryFolder folder;
  const auto data = make_dataset(8, 4, 3);
  const std::string file =
      save_lines(folder, "    return self.fc2.forward(torch.cdist(h, self.centres))\n",
                 [](torch::jit::Module& net) {
                   net.register_parameter("centres", at::randn({5, 5}, at::kDouble), false);
                 });
  EXPECT_THAT(testing::error_message(ErrorKind::kNumerics,
                                     [&] { hessian_product(script_model(file, *data), data); }),
              AllOf(HasSubstr("_cdist_backward"), HasSubstr("use a method of first order")));
}

// Position ids are no weights, and a parameter that nothing depends on stays what it is.
TEST(TorchScriptParts, WholeNumbersAndUnusedParametersDoNoHarm) {
  const TemporaryFolder folder;
  const auto data = make_dataset(30, 4, 3);
  const std::string file =
      save_lines(folder, "    return self.fc2.forward(h.index_select(1, self.ids))\n",
                 [](torch::jit::Module& net) {
                   net.register_buffer("ids", at::arange(5));
                   net.register_buffer("scale", at::full({5}, 2, at::kDouble));
                   net.register_parameter("unused", at::ones({2}, at::kDouble), false);
                 });
  Model model = script_model(file, *data);
  load_weights(model, script_weights(file), file);
  Generator generator(1);
  model.initialise(generator);
  ASSERT_EQ(model.buffers().size(), 1u);
  EXPECT_TRUE(model.buffers()[0].eq(2).all().item<bool>()) << "a constant of the network";
  const Tensor before = model.theta().clone();
  const UnlearnReport report =
      testing::run_method("finetune", "{epochs: 1}", model, testing::removal_task(data, 5, 0));
  EXPECT_TRUE(report.usable()) << report.message;
  EXPECT_FALSE(model.theta().equal(before));
  for (std::size_t i = 0; i < model.parameters().size(); ++i) {
    const ParameterInfo& info = model.parameter_infos()[i];
    if (info.name != "unused") continue;
    EXPECT_TRUE(model.parameters()[i].flatten().equal(before.narrow(0, info.offset, info.size)));
  }
}

TEST_F(TorchScript, MethodsThatNeedRulesSaySo) {
  const Task task = testing::removal_task(data_, 5, 0);
  const auto error = [&](const std::string& method, const std::string& settings) {
    return testing::error_message(ErrorKind::kSettings, [&] {
      Model model = script_.clone();
      testing::run_method(method, settings, model, task);
    });
  };
  for (const std::string name : {"kfac", "ekfac"}) {
    EXPECT_THAT(error("newton", "{curvature: {name: " + name + "}}"),
                HasSubstr("the matrix would be a diagonal"));
  }
  EXPECT_THAT(error("fisher_forgetting", "{structure: ekfac}"), HasSubstr("would be a diagonal"));
  EXPECT_THAT(error("gradient_projection", "{epochs: 1}"), HasSubstr("nothing could move"));
  const UnlearnReport report =
      testing::run_method("fisher_forgetting", "{fisher: empirical}", script_, task);
  EXPECT_THAT(report.warnings.at(0),
              HasSubstr("no rules: fc1.weight, fc1.bias, fc2.weight, fc2.bias"));
}

// What Python itself writes: a scripted GRU runs on copies of its parameters, a traced one on them.
TEST(TorchScriptRecurrent, IsRefusedScriptedAndTakenTraced) {
  if (!testing::python_has("torch")) {
    GTEST_SKIP() << testing::python() << " has no torch; set OUBLI_PYTHON to one that has";
  }
  const TemporaryFolder folder;
  folder.write("write.py", R"(
import torch
class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = torch.nn.GRU(1, 5, batch_first=True)
        self.fc = torch.nn.Linear(5, 3)
    def forward(self, x):
        return self.fc(self.rnn(x.unsqueeze(2))[0][:, -1])
net = Net().eval()
torch.jit.script(net).save('scripted.pt')
torch.jit.trace(net, torch.zeros(2, 4)).save('traced.pt')
)");
  ASSERT_EQ(testing::run_python(folder.path(), "write.py"), 0);
  EXPECT_THAT(refusal(folder / "scripted.pt"),
              AllOf(HasSubstr("rnn.weight_ih_l0"), HasSubstr("Trace it instead")));
  const auto data = make_dataset(8, 4, 3);
  const Model model = script_model(folder / "traced.pt", *data);
  EXPECT_EQ(model.dim(), 15 * (1 + 5 + 2) + 3 * (5 + 1));
}

}  // namespace
}  // namespace oubli
