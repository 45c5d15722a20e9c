#include "core/curvature/input_moments.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "core/base/error.h"
#include "experiments/selftest/problems.h"

namespace oubli {
namespace {

using testing::make_dataset;
using testing::make_model;

TEST(InputMoments, AreTheSumsOverWhatEachWeightSees) {
  const auto data = testing::make_images(30, 2, 6, 3);
  Model model = make_model("convnet", "{channels: [4], norm: none}", *data);
  Subset subset = testing::all_of(data).with_rows(at::arange(5, 25));
  for (const bool weighted : {false, true}) {
    const Tensor w = at::linspace(0.5, 2, 20, at::kDouble);
    if (weighted) subset.weights = w;
    CostMeter cost;
    const auto moments = input_moments(model, subset, cost);
    EXPECT_NEAR(cost.sample_gradients(), 20 * 2.0 / 3.0, 1e-9);
    ASSERT_EQ(moments.size(), 2u);
    const Tensor inputs = subset.batch(0, 20, at::kDouble).inputs;
    const Tensor patches = at::im2col(inputs, {3, 3}, {1, 1}, {1, 1}, {1, 1});  // [b, 18, 36]
    const Tensor scaled = weighted ? patches * w.view({20, 1, 1}) : patches;
    const Tensor expected = at::bmm(scaled, patches.transpose(1, 2)).sum(0);
    EXPECT_EQ(moments[0].in, 18);
    EXPECT_EQ(moments[0].out, 4);
    EXPECT_LT((moments[0].moment[0] - expected).abs().max().item<double>(), 1e-10);
    EXPECT_EQ(moments[1].weight, "fc.weight");
    EXPECT_EQ(moments[1].in, 4 * 9);
  }
}

TEST(InputMoments, DoNotDependOnHowTheSetIsCut) {
  const auto data = make_dataset(40, 5, 3);
  Model model = make_model("mlp", "{hidden: [7]}", *data);
  const Subset all = testing::all_of(data);
  CostMeter cost;
  const auto whole = input_moments(model, all, cost);
  const auto first = input_moments(model, all.with_rows(at::arange(0, 13)), cost);
  const auto rest = input_moments(model, all.with_rows(at::arange(13, 40)), cost);
  ASSERT_EQ(whole.size(), 2u);
  for (std::size_t i = 0; i < whole.size(); ++i) {
    EXPECT_LT((whole[i].moment - first[i].moment - rest[i].moment).abs().max().item<double>(),
              1e-10);
  }
  const Tensor inputs = all.batch(0, 40, at::kDouble).inputs;
  EXPECT_LT((whole[0].moment[0] - inputs.t().matmul(inputs)).abs().max().item<double>(), 1e-10);
}

// What stands behind the last token that is asked for moves no output that anybody asks for.
TEST(InputMoments, OfSequencesEndWithWhatIsAskedFor) {
  const auto data = testing::make_sentences();
  const Model model = make_model("gpt", "{layers: 1, width: 6, heads: 2}", *data);
  Subset subset = testing::all_of(data).with_rows(at::arange(0, 60, 7));
  subset.weights = at::linspace(0.5, 2, subset.size(), at::kDouble);
  CostMeter cost;
  const auto moments = input_moments(model, subset, cost);
  const Batch batch = subset.batch(0, subset.size(), at::kDouble);
  Tensor counted = at::zeros_like(batch.targets, at::kDouble);
  for (std::int64_t i = 0; i < batch.size(); ++i) {
    const auto last = batch.targets[i].ge(0).nonzero().max().item<std::int64_t>();
    counted[i].narrow(0, 0, last + 1).fill_(1);
  }
  ASSERT_LT(counted.sum().item<double>(), static_cast<double>(counted.numel()))
      << "the test needs padding";
  std::size_t seen = 0;
  model.forward(batch.inputs, [&](std::size_t weight, const Tensor& input, const Tensor& output) {
    for (const InputMoment& moment : moments) {
      if (moment.weight != model.parameter_infos()[weight].name) continue;
      const Tensor own =
          input.detach() * (counted * batch.weights.unsqueeze(1)).sqrt().unsqueeze(2);
      const Tensor rows = own.flatten(0, 1);
      EXPECT_LT((moment.moment[0] - rows.t().mm(rows)).abs().max().item<double>(), 1e-10)
          << moment.weight;
      ++seen;
    }
    return output;
  });
  EXPECT_EQ(seen, 5u) << "four layers of a block, and the head";
}

TEST(InputMoments, OfAnEmptySetAreAnError) {
  const auto data = make_dataset(10, 5, 3);
  Model model = make_model("mlp", "{}", *data);
  CostMeter cost;
  EXPECT_THROW(
      input_moments(model, testing::all_of(data).with_rows(at::empty({0}, at::kLong)), cost),
      Error);
}

}  // namespace
}  // namespace oubli
