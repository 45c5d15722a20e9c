#include "core/nn/parameter_groups.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "experiments/selftest/problems.h"

namespace oubli {
namespace {

using testing::make_dataset;
using testing::make_model;

TEST(ParameterGroups, LastLayersAreCountedByTheirWeights) {
  const auto data = make_dataset(10, 4, 3);
  const Model model = make_model("mlp", "{hidden: [5, 6]}", *data);  // 25 + 36 + 21
  EXPECT_EQ(weight_layers(model), 3);
  EXPECT_EQ(last_layers(model, 0).sum().item<int>(), 0);
  EXPECT_EQ(last_layers(model, 1).sum().item<int>(), 21);
  EXPECT_EQ(last_layers(model, 2).sum().item<int>(), 57);
  EXPECT_EQ(last_layers(model, 3).sum().item<int>(), 82);
  EXPECT_TRUE(last_layers(model, 1).narrow(0, 61, 21).all().item<bool>());
  EXPECT_THROW(last_layers(model, 4), Error);
}

TEST(ParameterGroups, ANormalisationMovesWithTheLayerBeforeIt) {
  const auto pictures = testing::make_images(4, 3, 16, 3);
  const Model model = make_model("resnet18", "{width: 4}", *pictures);
  const Tensor last = last_layers(model, 2);
  for (const ParameterInfo& info : model.parameter_infos()) {
    const Tensor part = last.narrow(0, info.offset, info.size);
    EXPECT_EQ(part.all().item<bool>(), part.any().item<bool>()) << info.name;
  }
  EXPECT_GT(last.sum().item<int>(), last_layers(model, 1).sum().item<int>());
}

TEST(Model, APartIsDrawnAsTheWholeWouldBe) {
  const auto pictures = testing::make_images(4, 3, 16, 3);
  Model model = make_model("resnet18", "{width: 4}", *pictures);
  model.forward(pictures->inputs, PassMode::kTraining);  // running statistics move
  const Model before = model.clone();
  Model fresh = model.clone();
  Generator one(5), two(5);
  fresh.initialise(one);
  const Tensor last = last_layers(model, 3);
  model.initialise(two, last);
  EXPECT_TRUE(model.theta().equal(at::where(last, fresh.theta(), before.theta())));
  std::size_t reset = 0, kept = 0;
  for (std::size_t i = 0; i < model.buffers().size(); ++i) {
    if (model.buffers()[i].equal(fresh.buffers()[i])) ++reset;
    if (model.buffers()[i].equal(before.buffers()[i])) ++kept;
  }
  EXPECT_GT(reset, 0u);
  EXPECT_GT(kept, 0u);
  EXPECT_EQ(reset + kept, model.buffers().size());
}

}  // namespace
}  // namespace oubli
