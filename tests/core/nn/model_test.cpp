#include "core/nn/model.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

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

}  // namespace
}  // namespace oubli
