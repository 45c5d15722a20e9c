#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "core/curvature/ekfac.h"
#include "core/curvature/fisher_diagonal.h"
#include "experiments/selftest/problems.h"
#include "tests/support/expect_error.h"
#include "tests/support/methods.h"

namespace oubli {
namespace {

TEST(FisherForgetting, NoNoiseChangesNothing) {
  const auto data = testing::make_dataset(60, 4, 3);
  Model model = testing::make_model("logistic", "{}", *data);
  const Tensor before = model.theta().clone();
  for (const char* settings : {"{alpha: 0}", "{alpha: 0, form: released}"}) {
    testing::run_method("fisher_forgetting", settings, model,
                        testing::removal_task(data, 10, 0.01));
    EXPECT_TRUE(model.theta().equal(before));
  }
}

TEST(FisherForgetting, NoiseHasTheVarianceOfThePaper) {
  const auto data = testing::make_dataset(60, 3, 3);
  const Task task = testing::removal_task(data, 10, 0.01);
  const Model original = testing::make_model("logistic", "{}", *data);
  CostMeter cost;
  const Tensor variance = 1e-4 * (fisher_diagonal(FisherTargets::kExpected, original, task.retain,
                                                  task.objective(), cost)
                                      .values +
                                  1e-8)
                                     .rsqrt();
  constexpr int kDraws = 1500;
  Tensor squares = at::zeros({original.dim()}, at::kDouble);
  for (int seed = 0; seed < kDraws; ++seed) {
    Model model = original.clone();
    testing::run_method("fisher_forgetting", "{alpha: 1e-4}", model, task,
                        static_cast<std::uint64_t>(seed));
    squares += (model.theta() - original.theta()).square();
  }
  // A sum of squares of kDraws normals over its expectation: deviation sqrt(2 / kDraws).
  const Tensor ratio = squares / kDraws / variance;
  EXPECT_LT((ratio - 1).abs().max().item<double>(), 5 * std::sqrt(2.0 / kDraws));
}

// Noise of one seed divided by the root of alpha (F + 1e-8)^(-1/2) is the draw itself, whichever F.
TEST(FisherForgetting, EachFisherIsItsDefinition) {
  const auto data = testing::make_dataset(300, 3, 3);
  const Task task = testing::removal_task(data, 10, 0.01);
  const Model original = testing::make_model("logistic", "{}", *data);
  CostMeter cost;
  Generator stream = Context(4).generator.stream("noise");
  const Tensor draw = stream.normal({original.dim()}, at::kDouble);
  const auto diagonal = [&](FisherTargets targets) {
    return fisher_diagonal(targets, original, task.retain, task.objective(), cost).values;
  };
  const std::map<std::string, Tensor> fishers = {
      {"expected", diagonal(FisherTargets::kExpected)},
      {"empirical", diagonal(FisherTargets::kEmpirical)},
      {"batch_mean_squared",
       batch_mean_squared(original, task.retain, task.objective(), cost, 128)}};
  std::map<std::string, Tensor> noise;
  for (const auto& [name, fisher] : fishers) {
    Model model = original.clone();
    const UnlearnReport report = testing::run_method(
        "fisher_forgetting", "{alpha: 1e-4, fisher: " + name + "}", model, task, 4);
    noise[name] = model.theta() - original.theta();
    const Tensor expected = draw * 1e-2 * (fisher + 1e-8).pow(-0.25);
    EXPECT_LT((noise[name] - expected).abs().max().item<double>(), 1e-14) << name;
    EXPECT_EQ(report.details["targets"], name);
    EXPECT_EQ(report.details["structure"], "diagonal");
    EXPECT_TRUE(report.details["parameters_without_rules"].empty());
  }
  for (const char* other : {"empirical", "batch_mean_squared"}) {
    EXPECT_GT((noise[other] - noise["expected"]).norm().item<double>(),
              0.01 * noise["expected"].norm().item<double>());
  }
  Model model = original.clone();
  testing::run_method("fisher_forgetting", "{alpha: 1e-4}", model, task, 4);
  EXPECT_TRUE((model.theta() - original.theta()).equal(noise["expected"])) << "the default";
}

TEST(FisherForgetting, StructuredNoiseHasTheCovarianceOfEkfac) {
  const auto data = testing::make_dataset(60, 2, 3);
  const Task task = testing::removal_task(data, 10, 0.01);
  const Model original = testing::make_model("logistic", "{}", *data);
  for (const char* fisher : {"expected", "empirical"}) {
    CostMeter cost;
    const bool expected = std::string(fisher) == "expected";
    const Ekfac matrix(
        original, task.retain, {LossKind::kCrossEntropy, 0}, cost,
        {.targets = expected ? FisherTargets::kExpected : FisherTargets::kEmpirical});
    const Tensor dense = matrix.as_dense() + 1e-8 * at::eye(original.dim(), at::kDouble);
    const auto [values, vectors] = at::linalg_eigh(dense);
    // Whitened by M^(1/4) the noise has covariance alpha I.
    const Tensor whiten = vectors.mm(values.pow(0.25).diag()).mm(vectors.t());
    const std::string settings =
        std::string("{alpha: 1e-4, structure: ekfac, fisher: ") + fisher + "}";
    constexpr int kDraws = 1500;
    Tensor sum = at::zeros_like(dense);
    for (int seed = 0; seed < kDraws; ++seed) {
      Model model = original.clone();
      const UnlearnReport report = testing::run_method("fisher_forgetting", settings, model, task,
                                                       static_cast<std::uint64_t>(seed));
      const Tensor white = whiten.mv(model.theta() - original.theta()) / 1e-2;
      sum += at::outer(white, white);
      EXPECT_EQ(report.details["structure"], "ekfac");
      EXPECT_EQ(report.details["diagonal_parameters"], Json::array());
      EXPECT_NEAR(report.sample_gradients, 50 * (expected ? 20 : 8) / 3.0, 1e-9);
    }
    const Tensor error = sum / kDraws - at::eye(original.dim(), at::kDouble);
    EXPECT_LT(error.abs().max().item<double>(), 6 * std::sqrt(2.0 / kDraws));
  }
}

TEST(FisherForgetting, CombinationsWithoutAMeaningAreRefused) {
  const auto data = testing::make_dataset(60, 4, 3);
  const Task task = testing::removal_task(data, 5, 0.01);
  Model model = testing::make_model("logistic", "{}", *data);
  EXPECT_ERROR(
      ErrorKind::kSettings,
      testing::run_method("fisher_forgetting", "{structure: ekfac, form: released}", model, task),
      ::testing::HasSubstr("single parameters"));
  EXPECT_ERROR(ErrorKind::kSettings,
               testing::run_method("fisher_forgetting",
                                   "{structure: ekfac, fisher: batch_mean_squared}", model, task),
               ::testing::HasSubstr("of no matrix"));
}

TEST(FisherForgetting, ReleasedFormResetsTheRowOfAForgottenClass) {
  auto data = std::make_shared<Dataset>(*testing::make_dataset(90, 4, 3));
  data->targets = at::arange(90).floor_divide(30);  // rows 0 to 29 are class 0
  data->true_targets = data->targets;
  const Task task = testing::removal_task(data, 30, 0.01);
  Model model = testing::make_model("logistic", "{}", *data);
  model.set_theta(at::full({model.dim()}, 100.0, at::kDouble));
  testing::run_method("fisher_forgetting", "{form: released}", model, task);
  EXPECT_LT(model.theta().narrow(0, 0, 4).abs().max().item<double>(), 1);
  EXPECT_GT(model.theta().narrow(0, 4, 8).min().item<double>(), 99);
}

// Training that lacks a class has not forgotten it, and a hidden layer as wide as there are classes
// is not the last one.
TEST(FisherForgetting, ReleasedFormWithoutNoiseChangesNothing) {
  auto data = std::make_shared<Dataset>(*testing::make_dataset(90, 4, 3));
  data->outputs = 4;
  const Task task = testing::removal_task(data, 10, 0.01);
  Model model = testing::make_model("mlp", "{hidden: [4, 5]}", *data);
  const Tensor before = model.theta().clone();
  const UnlearnReport report =
      testing::run_method("fisher_forgetting", "{alpha: 0, form: released}", model, task);
  EXPECT_TRUE(model.theta().equal(before));
  EXPECT_EQ(report.status, UnlearnStatus::kUnchanged);
  // Nor where a class is forgotten wholly.
  const auto whole = testing::make_dataset(90, 4, 3);
  Task class_removal = testing::removal_task(whole, 10, 0.01);
  const Tensor is_removed = whole->targets.eq(0);
  class_removal.forget.rows = is_removed.nonzero().squeeze(1);
  class_removal.retain.rows = is_removed.logical_not().nonzero().squeeze(1);
  Model other = testing::make_model("mlp", "{hidden: [5]}", *whole);
  const Tensor start = other.theta().clone();
  testing::run_method("fisher_forgetting", "{alpha: 0, form: released}", other, class_removal);
  EXPECT_TRUE(other.theta().equal(start));
}

TEST(FisherForgetting, ReleasedFormFindsTheLastLayerWhereOutputsComeFrom) {
  auto data = std::make_shared<Dataset>(*testing::make_dataset(90, 3, 3));
  data->targets = at::arange(90).floor_divide(30);
  data->true_targets = data->targets;
  const Task task = testing::removal_task(data, 30, 0.01);
  Model model = testing::make_model("mlp", "{hidden: [3]}", *data);
  model.set_theta(at::full({model.dim()}, 100.0, at::kDouble));
  testing::run_method("fisher_forgetting", "{form: released}", model, task);
  // Hidden weight and bias, then the last layer's: rows of three, and three biases.
  EXPECT_GT(model.theta().narrow(0, 0, 12).min().item<double>(), 99);
  EXPECT_LT(model.theta().narrow(0, 12, 3).abs().max().item<double>(), 1);
  EXPECT_GT(model.theta().narrow(0, 15, 6).min().item<double>(), 99);
  EXPECT_LT(std::abs(model.theta()[21].item<double>()), 1);
}

TEST(FisherForgetting, ReleasedFormHasNoRowsOfClassesForOneOutput) {
  auto data = std::make_shared<Dataset>(*testing::make_dataset(60, 4, 2));
  data->targets = at::arange(60).floor_divide(30);
  data->true_targets = data->targets;
  Task task = testing::removal_task(data, 30, 0.01);
  task.recipe.objective.loss = LossKind::kBinaryLogistic;
  auto single = std::make_shared<Dataset>(*data);
  single->outputs = 1;
  Model model = testing::make_model("logistic", "{}", *single);
  model.set_theta(at::full({model.dim()}, 100.0, at::kDouble));
  testing::run_method("fisher_forgetting", "{form: released}", model, task);
  EXPECT_GT(model.theta().min().item<double>(), 99);
}

// Step by step as in the authors' notebook. Inputs of one feature and a unit are nearly dead, so
// that both caps bind; means are over a unit's inputs, and not over its outputs.
TEST(FisherForgetting, ReleasedFormHasTheVarianceOfTheNotebook) {
  auto data = std::make_shared<Dataset>(*testing::make_dataset(60, 4, 3));
  data->inputs.select(1, 0).mul_(1e-4);
  const Task task = testing::removal_task(data, 10, 0.01);
  Model model = testing::make_model("mlp", "{hidden: [5]}", *data);
  for (const int i : {0, 1}) model.split(model.theta())[static_cast<std::size_t>(i)][0].zero_();
  const Tensor start = model.theta().clone();
  CostMeter cost;
  const Tensor fisher = fisher_diagonal(FisherTargets::kExpected, model, task.retain,
                                        {task.objective().loss, 0}, cost)
                            .values;
  Tensor variance = 1 / (fisher + 1e-8);
  EXPECT_TRUE((variance > 1e3).any().item<bool>());
  variance.clamp_max_(1e3);
  const Tensors v = model.split(variance);
  ASSERT_EQ(v.size(), 4u);
  EXPECT_TRUE((v[2] > 1e2).any().item<bool>());
  for (const std::size_t last : {2, 3}) v[last].clamp_max_(1e2);
  variance.mul_(1e-4);
  for (const std::size_t weight : {0, 2})
    v[weight].copy_(v[weight].mean(1, true).expand_as(v[weight]));
  for (const std::size_t times_ten : {1, 2, 3}) v[times_ten].mul_(10);
  Generator noise = Context(4).generator.stream("noise");
  const Tensor draw = noise.normal({model.dim()}, at::kDouble);
  testing::run_method("fisher_forgetting", "{form: released, alpha: 1e-4}", model, task, 4);
  EXPECT_LT((model.theta() - start - draw * variance.sqrt()).abs().max().item<double>(), 1e-13);
}

TEST(FisherForgetting, RegressionIsRefused) {
  const auto data = testing::make_dataset(60, 4, 0);
  Model model = testing::make_model("linear", "{}", *data);
  EXPECT_THROW(
      testing::run_method("fisher_forgetting", "{}", model, testing::removal_task(data, 5, 0)),
      Error);
}

}  // namespace
}  // namespace oubli
