#include "core/train/batch_gradient.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "experiments/selftest/problems.h"

namespace oubli {
namespace {

using testing::all_of;
using testing::make_dataset;
using testing::make_model;
using Way = BatchGradient::Way;

Batch batch_of(const std::shared_ptr<const Dataset>& data, bool weighted) {
  Batch batch = all_of(data).batch(0, data->size(), at::kDouble);
  if (weighted) batch.weights = at::linspace(0.5, 2, data->size(), at::kDouble);
  return batch;
}

void expect_same_gradient(const Model& model, const Objective& objective, const Batch& batch) {
  ASSERT_TRUE(model.trains_by_rule());
  Generator unused(0);
  BatchGradient rules(model, objective), automatic(model, objective, Way::kAutomatic);
  rules.at({batch, {}}, unused);  // the second call starts from zero again
  const Tensor a = rules.at({batch, {}}, unused), b = automatic.at({batch, {}}, unused);
  EXPECT_GT(b.norm().item<double>(), 0);
  EXPECT_LT((a - b).norm().item<double>(), 1e-14 * b.norm().item<double>());
}

TEST(BatchGradient, RulesGiveTheGradientOfAutomaticDifferentiation) {
  const auto classes = make_dataset(30, 6, 4), values = make_dataset(30, 6, 0);
  for (const bool weighted : {false, true}) {
    for (const std::string activation : {"relu", "tanh"}) {
      const std::string settings = "{hidden: [8, 5], activation: " + activation + "}";
      expect_same_gradient(make_model("mlp", settings, *classes), {LossKind::kCrossEntropy, 0.1},
                           batch_of(classes, weighted));
      expect_same_gradient(make_model("mlp", settings, *values), {LossKind::kSquaredError, 0},
                           batch_of(values, weighted));
    }
    const auto pictures = testing::make_images(9, 1, 28, 10);
    expect_same_gradient(make_model("lenet5", "{}", *pictures), {LossKind::kCrossEntropy, 0.1},
                         batch_of(pictures, weighted));
  }
}

// A loss of one's own on one batch, the objective's on another, with weights of either sign.
TEST(BatchGradient, SumsTermsAlikeByRulesAndAutomatically) {
  const auto data = make_dataset(30, 6, 4);
  const Model model = make_model("mlp", "{hidden: [8, 5]}", *data);
  const Objective objective{LossKind::kCrossEntropy, 0.1};
  const Batch all = batch_of(data, true);
  const OutputLoss entropy = [](const Tensor& outputs) {
    const Tensor log_p = outputs.log_softmax(1);
    return -(log_p.exp() * log_p).sum(1);
  };
  const LossTerm term =
      0.7 * LossTerm(all.narrow(0, 20), {}) - 1.3 * LossTerm(all.narrow(15, 15), entropy);
  Generator unused(0);
  BatchGradient rules(model, objective), automatic(model, objective, Way::kAutomatic);
  const Tensor a = rules.at(term, unused), b = automatic.at(term, unused);
  EXPECT_GT(b.norm().item<double>(), 0);
  EXPECT_LT((a - b).norm().item<double>(), 1e-14 * b.norm().item<double>());
}

TEST(BatchGradient, FollowsTheParameters) {
  const auto data = make_dataset(20, 5, 3);
  Model model = make_model("mlp", "{hidden: [4]}", *data);
  const Objective objective{LossKind::kCrossEntropy, 0.1};
  const Batch batch = batch_of(data, false);
  Generator unused(0);
  BatchGradient gradient(model, objective);
  gradient.at({batch, {}}, unused);
  model.add_to_theta(at::ones({model.dim()}, at::kDouble), 0.1);
  const Tensor moved = gradient.at({batch, {}}, unused).clone();
  BatchGradient anew(model, objective, Way::kAutomatic);
  EXPECT_LT((moved - anew.at({batch, {}}, unused)).abs().max().item<double>(), 1e-14);
}

}  // namespace
}  // namespace oubli
