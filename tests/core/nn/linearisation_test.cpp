// Every layer's rules against automatic differentiation of its forward pass, in float64. A new
// layer joins by a line in the table.
#include "core/nn/linearisation.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include "core/curvature/example_gradients.h"
#include "core/nn/automatic_linearisation.h"
#include "tests/support/toy_model.h"

namespace oubli {
namespace {

using testing::toy_model;
using torch::autograd::grad;

struct LayerCase {
  const char* name;
  std::function<void(Sequential&, ParameterTable&)> fill;
  std::vector<std::int64_t> input;
  std::int64_t tokens = 0;  // inputs are integers below it
};

void PrintTo(const LayerCase& c, std::ostream* out) { *out << c.name; }

// The same layer twice on one parameter set.
class Twice : public Layer {
 public:
  explicit Twice(LayerPtr inner) : inner_(std::move(inner)) {}
  Tensor forward(const Tensor& input, ForwardPass& pass) const override {
    return inner_->forward(at::tanh(inner_->forward(input, pass)), pass);
  }

 private:
  LayerPtr inner_;
};

// A map without rules: y = tanh(x W) * s, with two parameters.
class WithoutRules : public Layer {
 public:
  WithoutRules(ParameterTable& table, std::int64_t in, std::int64_t out)
      : weight_(table.add("own.weight", {in, out}, Initialisation::kUniformFanIn, in)),
        scale_(table.add("own.scale", {out}, Initialisation::kUniformFanIn, 1)) {}
  Tensor forward(const Tensor& input, ForwardPass& pass) const override {
    return at::tanh(input.matmul(pass.parameters[weight_])) * pass.parameters[scale_];
  }

 private:
  std::size_t weight_, scale_;
};

// A map without rules and without parameters.
class Sine : public Layer {
 public:
  Tensor forward(const Tensor& input, ForwardPass&) const override { return at::sin(input); }
};

Conv2dShape conv(std::int64_t in, std::int64_t out) { return {.in = in, .out = out}; }

const std::vector<LayerCase>& cases() {
  using Net = Sequential;
  using Table = ParameterTable;
  static const std::vector<LayerCase> table = {
      {"Linear", [](Net& net, Table& t) { net.add<Linear>(t, "fc", 5, 3); }, {7, 5}},
      {"LinearWithoutBias",
       [](Net& net, Table& t) { net.add<Linear>(t, "fc", 5, 3, false); },
       {7, 5}},
      {"LinearOverPositions",
       [](Net& net, Table& t) { net.add<Linear>(t, "fc", 5, 3); },
       {4, 6, 5}},
      {"LinearOverTwoPositionDimensions",
       [](Net& net, Table& t) { net.add<Linear>(t, "fc", 5, 3); },
       {4, 2, 3, 5}},
      {"ConvOfOnePosition",
       [](Net& net, Table& t) {
         net.add<Conv2d>(t, "conv", Conv2dShape{.in = 2, .out = 3, .kernel = 4});
       },
       {7, 2, 4, 4}},
      {"Conv", [](Net& net, Table& t) { net.add<Conv2d>(t, "conv", conv(2, 3)); }, {11, 2, 6, 5}},
      {"ConvPaddedStrided",
       [](Net& net, Table& t) {
         net.add<Conv2d>(t, "conv", Conv2dShape{.in = 2, .out = 3, .stride = 2, .padding = 1});
       },
       {3, 2, 7, 6}},
      {"ConvWide",
       [](Net& net, Table& t) {
         net.add<Conv2d>(t, "conv",
                         Conv2dShape{.in = 2, .out = 2, .kernel = 5, .stride = 3, .padding = 2});
       },
       {3, 2, 7, 8}},
      {"ConvPointwiseWithoutBias",
       [](Net& net, Table& t) {
         net.add<Conv2d>(t, "conv",
                         Conv2dShape{.in = 2, .out = 4, .kernel = 1, .stride = 2, .bias = false});
       },
       {3, 2, 5, 5}},
      {"ConvGrouped",
       [](Net& net, Table& t) {
         net.add<Conv2d>(t, "conv", Conv2dShape{.in = 4, .out = 6, .padding = 1, .groups = 2});
       },
       {9, 4, 4, 5}},
      {"ConvDepthwise",
       [](Net& net, Table& t) {
         net.add<Conv2d>(t, "conv", Conv2dShape{.in = 3, .out = 3, .groups = 3});
       },
       {3, 3, 4, 5}},
      {"BatchNorm", [](Net& net, Table& t) { net.add<BatchNorm2d>(t, "bn", 4); }, {6, 4, 3, 2}},
      {"BatchNormOfFeatures", [](Net& net, Table& t) { net.add<BatchNorm2d>(t, "bn", 4); }, {6, 4}},
      {"GroupNorm", [](Net& net, Table& t) { net.add<GroupNorm>(t, "gn", 2, 4); }, {6, 4, 3, 2}},
      {"LayerNorm", [](Net& net, Table& t) { net.add<LayerNorm>(t, "ln", 5); }, {6, 5}},
      {"LayerNormOverPositions",
       [](Net& net, Table& t) { net.add<LayerNorm>(t, "ln", 5); },
       {3, 4, 5}},
      {"Embedding", [](Net& net, Table& t) { net.add<Embedding>(t, "e", 4, 3); }, {5, 6}, 4},
      {"EmbeddingThroughLayers",
       [](Net& net, Table& t) {
         net.add<Embedding>(t, "e", 4, 3);
         net.add<LayerNorm>(t, "ln", 3);
         net.add<Linear>(t, "fc1", 3, 4);
         net.add<Tanh>();
         net.add<Flatten>();
         net.add<Linear>(t, "fc2", 24, 2);
       },
       {5, 6},
       4},
      {"CausalAttention",
       [](Net& net, Table& t) {
         net.add<Linear>(t, "qkv", 5, 12, false);  // no weight depends on a bias of the keys
         net.add<CausalAttention>(2);
         net.add<Linear>(t, "o", 4, 3);
         net.add<Flatten>();
       },
       {4, 6, 5}},
      {"Positions",
       [](Net& net, Table& t) {
         net.add<Linear>(t, "a", 5, 4);
         net.add<PositionEmbedding>(t, "wpe", 6, 4);
         net.add<Tanh>();
         net.add<Flatten>();
         net.add<Linear>(t, "b", 24, 3);
       },
       {4, 6, 5}},
      {"DecoderWithATiedHead",
       [](Net& net, Table& t) {
         auto tokens = std::make_unique<Embedding>(t, "wte", 7, 4);
         const std::size_t shared = tokens->weight();
         net.add(std::move(tokens));
         auto body = std::make_unique<Sequential>();
         body->add<Linear>(t, "c_attn", 4, 12, false);
         body->add<CausalAttention>(2);
         net.add<Residual>(std::move(body), nullptr, AfterSum::kNothing);
         net.add<LastPosition>();
         net.add<Linear>(shared);
       },
       {5, 6},
       7},
      {"Decoder",
       [](Net& net, Table& t) {
         net.add<Embedding>(t, "wte", 7, 4);
         net.add<PositionEmbedding>(t, "wpe", 6, 4);
         auto body = std::make_unique<Sequential>();
         body->add<LayerNorm>(t, "ln_1", 4);
         body->add<Linear>(t, "c_attn", 4, 12, false);
         body->add<CausalAttention>(2);
         body->add<Linear>(t, "c_proj", 4, 4);
         net.add<Residual>(std::move(body), nullptr, AfterSum::kNothing);
         net.add<LastPosition>();
         net.add<LayerNorm>(t, "ln_f", 4);
         net.add<Linear>(t, "head", 4, 3);
       },
       {5, 6},
       7},
      {"Tanh",
       [](Net& net, Table& t) {
         net.add<Linear>(t, "a", 5, 4);
         net.add<Tanh>();
         net.add<Linear>(t, "b", 4, 3);
       },
       {7, 5}},
      {"Relu",
       [](Net& net, Table& t) {
         net.add<Linear>(t, "a", 5, 8);
         net.add<Relu>();
         net.add<Linear>(t, "b", 8, 3);
       },
       {7, 5}},
      {"Gelu",
       [](Net& net, Table& t) {
         net.add<Linear>(t, "a", 5, 8);
         net.add<Gelu>();
         net.add<Linear>(t, "b", 8, 3);
       },
       {7, 5}},
      {"GeluByTanh",
       [](Net& net, Table& t) {
         net.add<Linear>(t, "a", 5, 8);
         net.add<Gelu>(GeluForm::kTanh);
         net.add<Linear>(t, "b", 8, 3);
       },
       {7, 5}},
      {"Sigmoid",
       [](Net& net, Table& t) {
         net.add<Linear>(t, "a", 5, 8);
         net.add<Sigmoid>();
         net.add<Linear>(t, "b", 8, 3);
       },
       {7, 5}},
      {"Silu",
       [](Net& net, Table& t) {
         net.add<Linear>(t, "a", 5, 8);
         net.add<Silu>();
         net.add<Linear>(t, "b", 8, 3);
       },
       {7, 5}},
      {"LeakyRelu",
       [](Net& net, Table& t) {
         net.add<Linear>(t, "a", 5, 8);
         net.add<LeakyRelu>(0.2);
         net.add<Linear>(t, "b", 8, 3);
       },
       {7, 5}},
      {"DropoutAtRest",
       [](Net& net, Table& t) {
         net.add<Linear>(t, "a", 5, 8);
         net.add<Dropout>(0.5);
         net.add<Tanh>();
         net.add<Linear>(t, "b", 8, 3);
       },
       {7, 5}},
      {"MaxPoolWithRemainder",
       [](Net& net, Table& t) {
         net.add<Conv2d>(t, "a", conv(1, 3));
         net.add<MaxPool2d>(2);
         net.add<Tanh>();
         net.add<Conv2d>(t, "b", conv(3, 2));
         net.add<Flatten>();
       },
       {4, 1, 11, 10}},
      {"OverlappingPools",
       [](Net& net, Table& t) {
         net.add<Conv2d>(t, "a", conv(1, 3));
         net.add<MaxPool2d>(PoolShape{.size = 3, .stride = 2, .padding = 1});
         net.add<Tanh>();
         net.add<AveragePool2d>(PoolShape{.size = 3, .stride = 1, .padding = 1});
         net.add<Conv2d>(t, "b", conv(3, 2));
         net.add<Flatten>();
       },
       {4, 1, 11, 10}},
      {"BranchesAndASumWithoutActivation",
       [](Net& net, Table& t) {
         net.add<Conv2d>(t, "a", conv(1, 2));
         net.add<Tanh>();
         std::vector<LayerPtr> branches;
         branches.push_back(std::make_unique<Conv2d>(t, "b", conv(2, 3)));
         auto second = std::make_unique<Sequential>();
         second->add<AveragePool2d>(PoolShape{.size = 3, .stride = 1});
         branches.push_back(std::move(second));
         net.add<Branches>(std::move(branches));
         auto body = std::make_unique<Sequential>();
         body->add<Tanh>();
         body->add<Conv2d>(t, "c", Conv2dShape{.in = 5, .out = 5, .padding = 1});
         net.add<Residual>(std::move(body), nullptr, AfterSum::kNothing);
         net.add<Flatten>();
       },
       {4, 1, 8, 7}},
      {"ResidualNetwork",
       [](Net& net, Table& t) {
         net.add<Conv2d>(t, "conv1", Conv2dShape{.in = 1, .out = 4, .padding = 1});
         net.add<Tanh>();
         auto body = std::make_unique<Sequential>();
         body->add<Conv2d>(t, "conv2", Conv2dShape{.in = 4, .out = 6, .stride = 2, .padding = 1});
         body->add<BatchNorm2d>(t, "bn", 6);
         auto shortcut = std::make_unique<Sequential>();
         shortcut->add<Conv2d>(t, "down", Conv2dShape{.in = 4, .out = 6, .kernel = 1, .stride = 2});
         net.add<Residual>(std::move(body), std::move(shortcut));
         auto second = std::make_unique<Sequential>();
         second->add<Conv2d>(t, "conv3", Conv2dShape{.in = 6, .out = 6, .padding = 1});
         second->add<GroupNorm>(t, "gn", 3, 6);
         net.add<Residual>(std::move(second), nullptr);
         net.add<GlobalAveragePool>();
         net.add<Linear>(t, "fc", 6, 3);
       },
       {9, 1, 6, 6}},
      {"WithoutRules",
       [](Net& net, Table& t) {
         net.add<Linear>(t, "a", 5, 4);
         net.add<Tanh>();
         net.add(std::make_unique<WithoutRules>(t, 4, 6));
         net.add<Linear>(t, "b", 6, 3);
       },
       {7, 5}},
      {"WithoutRulesInFrontOfTheFirstParameter",
       [](Net& net, Table& t) {
         net.add<Sine>();
         net.add<Linear>(t, "a", 5, 4);
         net.add<Sine>();
         net.add<Linear>(t, "b", 4, 3);
       },
       {7, 5}},
      {"UsedTwiceWithoutRules",
       [](Net& net, Table& t) {
         net.add(std::make_unique<Twice>(std::make_unique<Linear>(t, "fc", 4, 4)));
       },
       {7, 4}},
  };
  return table;
}

class Linearisation : public ::testing::TestWithParam<LayerCase> {
 protected:
  Linearisation() : model_(toy_model(GetParam().fill)) {
    // Parameters and buffers away from their special initial values.
    Generator generator(9);
    model_.add_to_theta(generator.normal({model_.dim()}, at::kDouble), 0.3);
    const at::NoGradGuard no_grad;
    for (const Tensor& buffer : model_.buffers()) {
      buffer.copy_(generator.uniform(buffer.sizes(), at::kDouble) + 0.5);
    }
    inputs_ = GetParam().tokens > 0
                  ? generator.integers(0, GetParam().tokens, GetParam().input).to(at::kDouble)
                  : generator.normal(GetParam().input, at::kDouble);
    net_ = model_.linearise(inputs_);
    g_ = generator.normal(net_->output().sizes(), at::kDouble);
    dg_ = generator.normal(net_->output().sizes(), at::kDouble);
    v_ = generator.normal({model_.dim()}, at::kDouble);
  }

  static double difference(const Tensor& a, const Tensor& b) {
    return ((a - b).norm() / b.norm().clamp_min(1e-12)).item<double>();
  }
  Tensor adjoint_by_graph(const Tensor& g) const {
    return model_.join(grad({model_.forward(inputs_)}, model_.parameters(), {g}, {}, false, true));
  }

  Model model_;
  Tensor inputs_;
  std::unique_ptr<LayerLinearisation> net_;
  Tensor g_, dg_, v_;
};

TEST_P(Linearisation, HasTheOutputOfTheForwardPass) {
  EXPECT_LT(difference(net_->output(), model_.forward(inputs_).detach()), 1e-14);
}

TEST_P(Linearisation, AdjointIsTheGradient) {
  Tensor sum = at::zeros({model_.dim()}, at::kDouble);
  Tensors sums = model_.split(sum);
  net_->adjoint(g_, {.sums = &sums, .input = false});
  EXPECT_LT(difference(sum, adjoint_by_graph(g_)), 1e-13);
}

TEST_P(Linearisation, TangentIsTheTransposeOfTheAdjoint) {
  const Tensor moved = net_->tangent({}, model_.split(v_), false);
  EXPECT_NEAR((moved * g_).sum().item<double>(), v_.dot(adjoint_by_graph(g_)).item<double>(),
              1e-11 * moved.norm().item<double>() * g_.norm().item<double>());
}

TEST_P(Linearisation, TangentIsTheLimitOfDifferences) {
  const Tensor moved = net_->tangent({}, model_.split(v_), false);
  const double h = 1e-6;
  const at::NoGradGuard no_grad;
  Model there = model_.clone();
  there.add_to_theta(v_, h);
  const Tensor up = there.forward(inputs_).clone();
  there.add_to_theta(v_, -2 * h);
  const Tensor difference_quotient = (up - there.forward(inputs_)) / (2 * h);
  EXPECT_LT(difference(moved, difference_quotient), 1e-6);
}

TEST_P(Linearisation, AdjointTangentIsTheDerivativeOfTheAdjoint) {
  Tensor sum = at::zeros({model_.dim()}, at::kDouble);
  Tensors sums = model_.split(sum);
  net_->adjoint(g_, {.sums = nullptr, .input = false, .keep = true});
  for (int repeat = 0; repeat < 2; ++repeat) {  // kept values serve again
    sum.zero_();
    net_->tangent({}, model_.split(v_), /*keep=*/true);
    net_->adjoint_tangent(dg_, model_.split(v_), sums, false);
  }
  // d/dt J(theta + t v)'(g + t dg) = (Hessian of g'f) v + J' dg
  const Tensors first =
      grad({(model_.forward(inputs_) * g_).sum()}, model_.parameters(), {}, {}, true, true);
  Tensor expected = adjoint_by_graph(dg_);
  Tensors outputs, directions;
  const Tensors split = model_.split(v_);
  for (std::size_t i = 0; i < first.size(); ++i) {
    if (!first[i].defined() || !first[i].requires_grad()) continue;
    outputs.push_back(first[i]);
    directions.push_back(split[i]);
  }
  if (!outputs.empty()) {
    expected = expected + model_.join(grad(outputs, model_.parameters(), directions, {}, false,
                                           /*allow_unused=*/true));
  }
  EXPECT_LT(difference(sum, expected), 1e-12);
}

TEST_P(Linearisation, SquaredAndAbsoluteGradientsAreThoseOfEachExample) {
  const Tensor other = g_ * g_.sin();
  for (const Tensor& g : {g_, other}) net_->adjoint(g, {.input = false, .keep = true});
  Tensor found = at::zeros({model_.dim()}, at::kDouble), sizes = at::zeros_like(found);
  Tensors sums = model_.split(found), size_sums = model_.split(sizes);
  add_squared_gradients(*net_, sums);
  add_absolute_gradients(*net_, size_sums);
  Tensor expected = at::zeros({model_.dim()}, at::kDouble), expected_sizes = expected.clone();
  const std::int64_t examples = inputs_.size(0);
  for (std::int64_t b = 0; b < examples; ++b) {
    for (const Tensor& g : {g_, other}) {
      const Tensor one =
          model_.join(grad({model_.forward(inputs_.narrow(0, b, 1))}, model_.parameters(),
                           {g.narrow(0, b, 1)}, {}, false, true));
      expected += one.square();
      expected_sizes += one.abs();
    }
  }
  // A parameter without gradient tests nothing; tokens that no example holds have none.
  if (GetParam().tokens == 0) {
    ASSERT_GT(expected.min().item<double>(), 0);
  }
  EXPECT_LT(((found - expected) / expected.clamp_min(1e-30)).abs().max().item<double>(), 1e-11);
  EXPECT_LT(difference(sizes, expected_sizes), 1e-12);
}

TEST_P(Linearisation, ExampleGradientsAddUpToTheGradient) {
  net_->adjoint(g_, {.input = false, .keep = true});
  const std::int64_t examples = inputs_.size(0);
  const Tensor each = at::cat(
      {example_gradients(model_, *net_, 0, 2), example_gradients(model_, *net_, 2, examples - 2)});
  EXPECT_LT(difference(each.sum(0), adjoint_by_graph(g_)), 1e-13);
  const Tensor last =
      model_.join(grad({model_.forward(inputs_.narrow(0, examples - 1, 1))}, model_.parameters(),
                       {g_.narrow(0, examples - 1, 1)}, {}, false, true));
  EXPECT_LT(difference(each[examples - 1], last), 1e-13);
}

TEST_P(Linearisation, AutomaticDifferentiationAgrees) {
  // The fall-back over the whole network, as for a layer of one's own.
  const at::NoGradGuard no_grad;
  struct Whole : Layer {
    explicit Whole(const Model& whole_model) : model(whole_model) {}
    Tensor forward(const Tensor& input, ForwardPass&) const override {
      return model.forward(input);
    }
    const Model& model;
  } whole(model_);
  ForwardPass pass{model_.parameters(), model_.buffers()};
  AutomaticLinearisation automatic(whole, inputs_, pass);
  automatic.adjoint(g_, {.input = false, .keep = true});
  net_->adjoint(g_, {.input = false, .keep = true});
  const Tensor moved = automatic.tangent({}, model_.split(v_), true);
  EXPECT_LT(difference(moved, net_->tangent({}, model_.split(v_), true)), 1e-13);
  Tensor sum = at::zeros({model_.dim()}, at::kDouble);
  Tensor expected = at::zeros({model_.dim()}, at::kDouble);
  Tensors sums = model_.split(sum);
  Tensors expected_sums = model_.split(expected);
  automatic.adjoint_tangent(dg_, model_.split(v_), sums, false);
  net_->adjoint_tangent(dg_, model_.split(v_), expected_sums, false);
  EXPECT_LT(difference(sum, expected), 1e-12);
}

INSTANTIATE_TEST_SUITE_P(Layers, Linearisation, ::testing::ValuesIn(cases()),
                         [](const auto& each) { return std::string(each.param.name); });

TEST(Linearisation, SaysWhichParametersHaveNoRules) {
  const Model model = toy_model([](Sequential& net, ParameterTable& table) {
    net.add<Linear>(table, "fc", 5, 4);
    net.add(std::make_unique<WithoutRules>(table, 4, 6));
  });
  std::vector<std::string> without;
  model.linearise(at::ones({1, 5}, at::kDouble))->visit([&](ParameterLinearisation& leaf) {
    if (leaf.has_rule()) return;
    for (const std::size_t i : leaf.parameters())
      without.push_back(model.parameter_infos()[i].name);
  });
  EXPECT_EQ(without, (std::vector<std::string>{"own.weight", "own.scale"}));
}

TEST(Linearisation, CountsSharedStoragesOnce) {
  const Model model = toy_model([](Sequential& net, ParameterTable& table) {
    net.add<Flatten>();
    net.add<Linear>(table, "a", 5, 4);
    net.add<Relu>();
    net.add<Linear>(table, "b", 4, 3);
  });
  const auto net = model.linearise(at::ones({10, 5}, at::kDouble));
  // The input, the two activations of the hidden layer and the outputs.
  EXPECT_EQ(net->kept_bytes(model.parameters()), 8 * 10 * (5 + 4 + 4 + 3));
}

}  // namespace
}  // namespace oubli
