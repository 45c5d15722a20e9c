#include "core/nn/model.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <map>

#include "experiments/selftest/problems.h"
#include "tests/support/expect_error.h"
#include "tests/support/toy_model.h"

namespace oubli {
namespace {

using ::testing::HasSubstr;

Model two_layers(std::uint64_t seed = 1) {
  return testing::toy_model(
      [](Sequential& net, ParameterTable& table) {
        net.add<Conv2d>(table, "conv", Conv2dShape{.in = 1, .out = 2});
        net.add<BatchNorm2d>(table, "bn", 2);
        net.add<Relu>();
        net.add<GlobalAveragePool>();
        net.add<Linear>(table, "fc", 2, 3);
      },
      seed);
}

Tensor some_images() { return Generator(2).normal({4, 1, 5, 5}, at::kDouble); }

TEST(Model, ParametersAreViewsIntoTheta) {
  Model model = two_layers();
  const Tensor before = model.forward(some_images()).detach().clone();
  model.set_theta(at::zeros({model.dim()}, at::kDouble));
  for (const Tensor& parameter : model.parameters()) {
    EXPECT_EQ(parameter.abs().sum().item<double>(), 0);
    EXPECT_TRUE(parameter.requires_grad());
    EXPECT_TRUE(parameter.is_leaf());
  }
  EXPECT_FALSE(model.forward(some_images()).equal(before));
  model.add_to_theta(at::ones({model.dim()}, at::kDouble), -0.5);
  for (const Tensor& parameter : model.parameters()) {
    EXPECT_TRUE(parameter.equal(at::full_like(parameter, -0.5)));
  }
  EXPECT_FALSE(model.theta().requires_grad());
}

TEST(Model, CloneIsDeep) {
  Model model = two_layers();
  Model copy = model.clone();
  EXPECT_TRUE(copy.theta().equal(model.theta()));
  const Tensor theta = model.theta().clone();
  copy.add_to_theta(at::ones({copy.dim()}, at::kDouble));
  copy.forward(some_images(), PassMode::kTraining);
  EXPECT_TRUE(model.theta().equal(theta));
  EXPECT_TRUE(model.buffers()[0].equal(at::zeros({2}, at::kDouble)));
  EXPECT_FALSE(copy.buffers()[0].equal(model.buffers()[0]));
  const Model second = copy.clone();
  EXPECT_TRUE(second.buffers()[0].equal(copy.buffers()[0]));
  EXPECT_TRUE(second.forward(some_images()).equal(copy.forward(some_images())));
}

TEST(Model, SplitAndJoinAreInverse) {
  const Model model = two_layers();
  const Tensor flat = at::arange(model.dim(), at::kDouble);
  const std::vector<Tensor> pieces = model.split(flat);
  ASSERT_EQ(pieces.size(), model.parameter_infos().size());
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    EXPECT_EQ(pieces[i].sizes(), at::IntArrayRef(model.parameter_infos()[i].shape));
    EXPECT_TRUE(pieces[i].is_alias_of(flat));
  }
  EXPECT_TRUE(model.join(pieces).equal(flat));
  std::vector<Tensor> partial = pieces;
  partial[0] = Tensor();
  const std::int64_t first = model.parameter_infos()[0].size;
  const Tensor joined = model.join(partial);
  EXPECT_EQ(joined.narrow(0, 0, first).abs().sum().item<double>(), 0);
  EXPECT_TRUE(joined.narrow(0, first, model.dim() - first)
                  .equal(flat.narrow(0, first, model.dim() - first)));
}

TEST(Model, GradientsReachEveryParameter) {
  const Model model = two_layers();
  const Tensor loss = model.forward(some_images()).square().sum();
  for (const Tensor& gradient : torch::autograd::grad({loss}, model.parameters())) {
    EXPECT_TRUE(gradient.isfinite().all().item<bool>());
  }
}

TEST(Model, AVectorOfTheWrongShapeIsRefused) {
  Model model = two_layers();
  const Tensor theta = model.theta().clone();
  const auto options = at::TensorOptions().dtype(at::kDouble);
  EXPECT_ERROR(ErrorKind::kUsage, model.set_theta(at::ones({1}, options)), HasSubstr("found [1]"));
  EXPECT_ERROR(ErrorKind::kUsage, model.add_to_theta(at::ones({}, options)), HasSubstr("found []"));
  EXPECT_ERROR(ErrorKind::kUsage, model.add_to_theta(at::ones({model.dim(), 1}, options)),
               HasSubstr("was expected"));
  EXPECT_TRUE(model.theta().equal(theta));
}

TEST(Model, AStepOfAnotherTypeIsAddedInTheWiderOne) {
  Model model = two_layers();
  model.set_theta(at::full({model.dim()}, 1.0 + 1e-12, at::kDouble));
  model.add_to_theta(at::ones({model.dim()}, at::kFloat));
  EXPECT_EQ(model.theta()[0].item<double>(), 2.0 + 1e-12);
  EXPECT_EQ(model.dtype(), at::kDouble);
}

TEST(Model, InitialisationFollowsTheSeed) {
  EXPECT_TRUE(two_layers(3).theta().equal(two_layers(3).theta()));
  EXPECT_FALSE(two_layers(3).theta().equal(two_layers(4).theta()));
}

// Embedded tokens, two layers that are looked at, and a head.
Model tapped_model() {
  return testing::toy_model([](Sequential& net, ParameterTable& table) {
    net.add<Embedding>(table, "tokens", 5, 4);
    net.add<LayerNorm>(table, "norm", 4);
    net.add<Linear>(table, "inside", 4, 6);
    net.add<Gelu>();
    net.add<Linear>(table, "head", 6, 5);
  });
}

Tensor some_tokens() { return at::tensor({0, 3, 1, 4, 2, 2}, at::kDouble).view({2, 3}); }

const std::string& name_of(const Model& model, std::size_t weight) {
  return model.parameter_infos()[weight].name;
}

TEST(Tap, SeesEachLayerOnceInTheOrderOfThePass) {
  const Model model = tapped_model();
  std::vector<std::string> seen;
  const Tensor tapped = model.forward(
      some_tokens(), [&](std::size_t weight, const Tensor& input, const Tensor& output) {
        seen.push_back(name_of(model, weight));
        EXPECT_EQ(input.sizes().slice(0, 2), at::IntArrayRef({2, 3}));
        if (seen.back() != "norm.weight") {
          const Tensor w = model.parameters()[weight], b = model.parameters()[weight + 1];
          EXPECT_TRUE(output.allclose(input.matmul(w.t()) + b, 1e-13, 1e-14)) << seen.back();
        }
        return output;
      });
  EXPECT_EQ(seen, (std::vector<std::string>{"norm.weight", "inside.weight", "head.weight"}));
  EXPECT_TRUE(tapped.allclose(model.forward(some_tokens()), 1e-13, 1e-14));
}

TEST(Tap, OfAGptSeesEveryBlock) {
  const auto data = testing::make_sentences();
  const Model model = testing::make_model("gpt", "{layers: 2, width: 8, heads: 2}", *data);
  std::map<std::string, int> seen;
  const Tensor inputs = testing::all_of(data).batch(0, 3, at::kDouble).inputs;
  Tensor stream, added;
  model.forward(inputs, [&](std::size_t weight, const Tensor& input, const Tensor& output) {
    const std::string name = name_of(model, weight);
    ++seen[name];
    // What a block adds to what is summed up before it is what the next one finds.
    if (name == "h.0.ln_2.weight") stream = input;
    if (name == "h.0.mlp.c_proj.weight") added = output;
    if (name == "h.1.ln_1.weight") {
      EXPECT_TRUE(input.allclose(stream + added, 1e-13, 1e-14));
    }
    return output;
  });
  for (const char* layer :
       {"h.0.ln_1", "h.0.attn.c_attn", "h.0.attn.c_proj", "h.0.ln_2", "h.0.mlp.c_fc",
        "h.0.mlp.c_proj", "h.1.ln_1", "h.1.mlp.c_proj", "ln_f", "wte"}) {
    EXPECT_EQ(seen[std::string(layer) + ".weight"], 1) << layer;
  }
  EXPECT_EQ(seen.size(), 14u) << "six in each block, the last one and the head";
}

TEST(Tap, WhatItReturnsGoesOn) {
  const Model model = tapped_model();
  const std::size_t inside = *model.find_parameter("inside.weight");
  const Tensor other = Generator(4).normal({2, 3, 6}, at::kDouble);
  const Tensor found =
      model.forward(some_tokens(), [&](std::size_t weight, const Tensor&, const Tensor& output) {
        return weight == inside ? other : output;
      });
  const std::size_t head = *model.find_parameter("head.weight");
  const Tensor expected =
      at::linear(at::gelu(other), model.parameters()[head], model.parameters()[head + 1]);
  EXPECT_TRUE(found.allclose(expected, 1e-13, 1e-14));
  EXPECT_FALSE(model.find_parameter("insid.weight").has_value());
}

// The gradient in what is put in, against differences, and in parameters before and behind it.
TEST(Tap, GradientsReachWhatIsPutIn) {
  const Model model = tapped_model();
  const std::size_t inside = *model.find_parameter("inside.weight");
  Tensor shift = at::zeros({6}, at::kDouble);
  const auto loss = [&] {
    return model
        .forward(some_tokens(),
                 [&](std::size_t weight, const Tensor&, const Tensor& output) {
                   return weight == inside ? output + shift : output;
                 })
        .square()
        .sum();
  };
  shift.requires_grad_();
  const Tensors wanted = {shift, model.parameters()[inside], model.parameters()[inside + 1]};
  const Tensors gradients = torch::autograd::grad({loss()}, wanted);
  EXPECT_GT(gradients[1].abs().max().item<double>(), 0);
  EXPECT_TRUE(gradients[0].allclose(gradients[2], 1e-12, 1e-13)) << "a shift is a bias";
  const Tensor slope = gradients[0].clone();
  shift = shift.detach();
  constexpr double kStep = 1e-5;
  for (std::int64_t i = 0; i < 6; ++i) {
    shift[i] += kStep;
    const double up = loss().item<double>();
    shift[i] -= 2 * kStep;
    const double down = loss().item<double>();
    shift[i] += kStep;
    EXPECT_NEAR(slope[i].item<double>(), (up - down) / (2 * kStep), 1e-7);
  }
}

}  // namespace
}  // namespace oubli
