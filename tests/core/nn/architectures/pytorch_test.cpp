// What PyTorch computes from the same weights, and what it makes of a file that is written here.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "core/base/settings_file.h"
#include "core/nn/architectures/architecture.h"
#include "core/nn/checkpoint.h"
#include "tests/support/python.h"
#include "tests/support/temporary_folder.h"

namespace oubli {
namespace {

using testing::TemporaryFolder;

constexpr const char* kNetworks = R"(
import sys
import torch
from torch import nn
from safetensors.torch import load_file, save_file

class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(4, 6, 3, stride=2, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(6)
        self.down = nn.Conv2d(4, 6, 1, stride=2)
    def forward(self, x):
        return torch.relu(self.bn1(self.conv1(x)) + self.down(x))

class BasicBlock(nn.Module):    # of torchvision
    def __init__(self, inside, out, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inside, out, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(out)
        self.conv2 = nn.Conv2d(out, out, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(out)
        self.downsample = None
        if inside != out:
            self.downsample = nn.Sequential(nn.Conv2d(inside, out, 1, stride, bias=False),
                                            nn.BatchNorm2d(out))
    def forward(self, x):
        y = self.bn2(self.conv2(torch.relu(self.bn1(self.conv1(x)))))
        return torch.relu(y + (x if self.downsample is None else self.downsample(x)))

class ResNet18(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.conv1 = nn.Conv2d(3, width, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        before = width
        for i in range(4):
            out = width << i
            first = BasicBlock(before, out, 1 if i == 0 else 2)
            setattr(self, f'layer{i + 1}', nn.Sequential(first, BasicBlock(out, out, 1)))
            before = out
        self.fc = nn.Linear(before, 3)
    def forward(self, x):
        x = nn.functional.max_pool2d(torch.relu(self.bn1(self.conv1(x))), 3, 2, 1)
        for i in range(4):
            x = getattr(self, f'layer{i + 1}')(x)
        return self.fc(x.mean((2, 3)))

class GptLayer(nn.Module):
    def __init__(self, width, heads, gelu):
        super().__init__()
        self.ln_1, self.ln_2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attn = nn.ModuleDict({'c_attn': nn.Linear(width, 3 * width),
                                   'c_proj': nn.Linear(width, width)})
        self.mlp = nn.ModuleDict({'c_fc': nn.Linear(width, 4 * width),
                                  'c_proj': nn.Linear(4 * width, width)})
        self.heads, self.gelu = heads, gelu
    def forward(self, x):
        parts = self.attn['c_attn'](self.ln_1(x)).chunk(3, dim=2)
        q, k, v = (p.unflatten(2, (self.heads, -1)).transpose(1, 2) for p in parts)
        o = nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.attn['c_proj'](o.transpose(1, 2).flatten(2))
        inside = nn.functional.gelu(self.mlp['c_fc'](self.ln_2(x)), approximate=self.gelu)
        return x + self.mlp['c_proj'](inside)

class Gpt(nn.Module):    # tied: scores of all tokens at each position
    def __init__(self, tied, gelu='none'):
        super().__init__()
        self.tied, outputs = tied, 9 if tied else 3
        self.wte, self.wpe = nn.Embedding(9, 8), nn.Embedding(6, 8)
        self.h = nn.ModuleList([GptLayer(8, 2, gelu) for _ in range(2)])
        self.ln_f, self.lm_head = nn.LayerNorm(8), nn.Linear(8, outputs, bias=False)
        if tied:
            self.lm_head.weight = self.wte.weight
    def forward(self, x):
        x = self.wte(x.long()) + self.wpe.weight[:x.shape[1]]
        for layer in self.h:
            x = layer(x)
        return self.lm_head(self.ln_f(x if self.tied else x[:, -1]))

torch.manual_seed(0)
networks = {
    'gpt': Gpt(tied=False),
    'gpt_tied': Gpt(tied=True),
    'gpt_tanh': Gpt(tied=True, gelu='tanh'),
    'mlp': nn.Sequential(nn.Flatten(), nn.Linear(12, 7), nn.Tanh(), nn.LayerNorm(7),
                         nn.Linear(7, 5), nn.ReLU(), nn.Linear(5, 3)),
    'features': nn.Sequential(nn.Linear(12, 7), nn.BatchNorm1d(7), nn.GELU(), nn.Linear(7, 5),
                              nn.SiLU(), nn.Linear(5, 5), nn.LeakyReLU(0.2), nn.Linear(5, 5),
                              nn.Sigmoid(), nn.Linear(5, 5), nn.GELU(approximate='tanh'),
                              nn.Linear(5, 3)),
    'conv': nn.Sequential(nn.Conv2d(2, 4, 3, stride=2, padding=1), nn.BatchNorm2d(4), nn.ReLU(),
                          nn.MaxPool2d(3, stride=2, padding=1), Block(), nn.Dropout(0.3),
                          nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(6, 3)),
    'resnet18': ResNet18(4),
}
tokens = torch.randint(0, 9, (5, 6)).float()
inputs = {'gpt': tokens, 'gpt_tied': tokens, 'gpt_tanh': tokens,
          'mlp': torch.randn(5, 12), 'features': torch.randn(5, 12),
          'conv': torch.randn(5, 2, 17, 17),
          'resnet18': torch.randn(5, 3, 64, 64)}
)";

constexpr const char* kWrite = R"(
for name, net in networks.items():
    net.train()
    for _ in range(3):
        # Moves running statistics, where there are some; tokens are what they are.
        net(inputs[name] if name.startswith('gpt') else torch.randn_like(inputs[name]))
    net.eval()
    # A tied head stands there twice, which safetensors refuses to write as one.
    state = {k: v.clone() for k, v in net.state_dict().items()}
    save_file(state, name + '.safetensors')
    save_file({'inputs': inputs[name], 'logits': net(inputs[name]).detach()}, name + '.logits')
)";

constexpr const char* kRead = R"(
for name, net in networks.items():
    odd = net.load_state_dict(load_file(name + '.edited'), strict=False)
    assert odd.missing_keys == (['lm_head.weight'] if getattr(net, 'tied', False) else []), name
    assert not odd.unexpected_keys, name
    expected = load_file(name + '.ours')
    logits = net.eval()(expected['inputs'])
    largest = max(1, expected['logits'].abs().max())
    assert (logits - expected['logits']).abs().max() < 1e-5 * largest, name
)";

const std::map<std::string, std::string> kSettings = {
    {"gpt", "{tokens: 9, layers: 2, width: 8, heads: 2, tied: false}"},
    {"gpt_tied", "{layers: 2, width: 8, heads: 2}"},
    {"gpt_tanh", "{layers: 2, width: 8, heads: 2, gelu: tanh}"},
    {"resnet18", "{width: 4, stem: large}"},
    {"mlp",
     "layers: [flatten, {linear: {features: 7}}, tanh, layer_norm, {linear: {features: 5}}, relu, "
     "linear]"},
    {"features",
     "layers: [{linear: {features: 7}}, batch_norm, gelu, {linear: {features: 5}}, silu, {linear: "
     "{features: 5}}, {leaky_relu: {slope: 0.2}}, {linear: {features: 5}}, sigmoid, {linear: "
     "{features: 5}}, {gelu: {form: tanh}}, linear]"},
    {"conv", R"(
layers:
  - conv: {channels: 4, stride: 2, padding: 1}
  - batch_norm
  - relu
  - max_pool: {size: 3, stride: 2, padding: 1}
  - residual:
      body:
        - conv: {channels: 6, stride: 2, padding: 1, bias: false, as: conv1}
        - batch_norm: {as: bn1}
      shortcut: [{conv: {channels: 6, kernel: 1, stride: 2, as: down}}]
  - dropout: {p: 0.3}
  - global_average_pool
  - flatten
  - linear
)"}};

Model model_like(const std::string& name, const Tensor& inputs) {
  const Settings settings(parse_settings(kSettings.at(name), "t.yaml"));
  const bool is_gpt = name.starts_with("gpt"), is_tied = is_gpt && name != "gpt";
  const std::string architecture = is_gpt ? "gpt" : name == "resnet18" ? name : "network";
  const Network built = builtin_architectures()
                            .find(architecture)
                            .configure(settings)({.input = inputs.sizes().slice(1).vec(),
                                                  .outputs = is_tied ? 9 : 3,
                                                  .positions = is_tied ? inputs.size(1) : 0});
  settings.finish();
  return {built.layers, built.table, at::kFloat};
}

Tensor tensor_of(const TensorFile& file, const std::string& wanted) {
  for (const auto& [name, tensor] : file.tensors) {
    if (name == wanted) return tensor;
  }
  return {};
}

TEST(PyTorch, HasTheSameLogitsAndLoadsEditedWeights) {
  if (!testing::python_has("torch, safetensors.torch")) {
    GTEST_SKIP() << testing::python() << " has no torch and safetensors; set OUBLI_PYTHON to one "
                 << "that has";
  }
  const TemporaryFolder folder;
  folder.write("write.py", std::string(kNetworks) + kWrite);
  folder.write("read.py", std::string(kNetworks) + kRead);
  ASSERT_EQ(testing::run_python(folder.path(), "write.py"), 0);
  for (const auto& [name, settings] : kSettings) {
    const TensorFile theirs = read_tensors(folder / (name + ".logits"));
    const Tensor inputs = tensor_of(theirs, "inputs");
    Model model = model_like(name, inputs);
    load_weights(model, folder / (name + ".safetensors"));
    const Tensor difference = model.forward(inputs) - tensor_of(theirs, "logits");
    const double largest = tensor_of(theirs, "logits").abs().max().item<double>();
    EXPECT_LT(difference.abs().max().item<double>(), 1e-5 * std::max(1.0, largest)) << name;
    model.add_to_theta(Generator(1).normal({model.dim()}, at::kDouble), 0.1);
    save_model(model, folder / (name + ".edited"));
    write_tensors(folder / (name + ".ours"),
                  {{{"inputs", inputs}, {"logits", model.forward(inputs).detach()}}, {}});
  }
  EXPECT_EQ(testing::run_python(folder.path(), "read.py"), 0);
}

}  // namespace
}  // namespace oubli
