// The scores that are derived from outputs, by hand.
#include "core/evaluate/predictions.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "core/base/error.h"

namespace oubli {
namespace {

Predictions classifier(const Tensor& outputs, const std::vector<std::int64_t>& labels) {
  auto dataset = std::make_shared<Dataset>();
  dataset->inputs = at::zeros({outputs.size(0), 1}, at::kDouble);
  dataset->targets = dataset->true_targets = at::tensor(labels, at::kLong);
  dataset->outputs = outputs.size(1);
  return Predictions(dataset, Loss::kCrossEntropy, outputs);
}

double at_row(const Tensor& values, std::int64_t row) { return values[row].item<double>(); }

TEST(Predictions, ScoresByHand) {
  // p = (1/2, 1/4, 1/4), from outputs that are shifted logarithms; the labels 0 and 1.
  const Tensor outputs = at::tensor({0.5, 0.25, 0.25}, at::kDouble).log().add(3).repeat({2, 1});
  const Predictions p = classifier(outputs, {0, 1});
  const double ln2 = std::log(2.0), ln3 = std::log(3.0);
  EXPECT_NEAR(at_row(p.losses(), 0), ln2, 1e-15);
  EXPECT_NEAR(at_row(p.losses(), 1), 2 * ln2, 1e-15);
  EXPECT_NEAR(at_row(p.confidence(), 0), 0.5, 1e-15);
  EXPECT_NEAR(at_row(p.confidence(), 1), 0.25, 1e-15);
  EXPECT_NEAR(at_row(p.entropy(), 0), 1.5 * ln2, 1e-15);
  EXPECT_NEAR(at_row(p.scaled_confidence(), 0), 0, 1e-15);
  EXPECT_NEAR(at_row(p.scaled_confidence(), 1), -ln3, 1e-15);
  EXPECT_NEAR(p.probabilities()[0][1].item<double>(), 0.25, 1e-15);
  EXPECT_NEAR(p.log_probabilities()[0][1].item<double>(), -2 * ln2, 1e-15);
}

// Song and Mittal 2021, equation 5. A published implementation applies every row's label to every
// row and has ln p where ln(1 - p) belongs; both would show here.
TEST(Predictions, ModifiedEntropyBySongAndMittal) {
  const Tensor probabilities =
      at::tensor({0.7, 0.2, 0.1, 0.7, 0.2, 0.1, 0.1, 0.3, 0.6}, at::kDouble).reshape({3, 3});
  const Predictions p = classifier(probabilities.log(), {0, 2, 1});
  EXPECT_NEAR(at_row(p.modified_entropy(), 0),
              -0.3 * std::log(0.7) - 0.2 * std::log(0.8) - 0.1 * std::log(0.9), 1e-15);
  EXPECT_NEAR(at_row(p.modified_entropy(), 1),
              -0.9 * std::log(0.1) - 0.7 * std::log(0.3) - 0.2 * std::log(0.8), 1e-14);
  EXPECT_NEAR(at_row(p.modified_entropy(), 2),
              -0.7 * std::log(0.3) - 0.1 * std::log(0.9) - 0.6 * std::log(0.4), 1e-14);
}

TEST(Predictions, ExtremeOutputsStayFinite) {
  const Tensor outputs = at::tensor({1000.0, 0.0, -1000.0}, at::kDouble).repeat({3, 1});
  const Predictions p = classifier(outputs, {0, 1, 2});
  for (const Tensor& scores : {p.losses(), p.log_probabilities(), p.probabilities(), p.confidence(),
                               p.entropy(), p.modified_entropy(), p.scaled_confidence()}) {
    EXPECT_TRUE(scores.isfinite().all().item<bool>()) << scores;
  }
  EXPECT_NEAR(at_row(p.losses(), 1), 1000, 1e-9);
  EXPECT_NEAR(at_row(p.losses(), 2), 2000, 1e-9);
  EXPECT_NEAR(at_row(p.scaled_confidence(), 0), 1000, 1e-9);
  EXPECT_NEAR(at_row(p.scaled_confidence(), 2), -2000, 1e-9);
  EXPECT_NEAR(at_row(p.entropy(), 0), 0, 1e-15);
  EXPECT_NEAR(at_row(p.modified_entropy(), 0), 0, 1e-15);
  // -(1 - 0) ln p_1 = 1000, and the first class's -1 ln(1 - p_0) = 1000.
  EXPECT_NEAR(at_row(p.modified_entropy(), 1), 2000, 1e-9);
  EXPECT_NEAR(at_row(p.modified_entropy(), 2), 3000, 1e-9);
}

TEST(Predictions, TiesGoToTheLowestClass) {
  const Tensor outputs =
      at::tensor({1.0, 1.0, 1.0, 0.0, 2.0, 2.0, 3.0, 0.0, 3.0}, at::kDouble).reshape({3, 3});
  const Tensor predicted = classifier(outputs, {0, 0, 0}).predicted();
  EXPECT_TRUE(predicted.equal(at::tensor({0, 1, 0}, at::kLong))) << predicted;
}

TEST(Predictions, SinglePrecisionOutputsAreScoredInDouble) {
  const Predictions p = classifier(at::tensor({1.0F, 0.0F}).reshape({1, 2}), {0});
  EXPECT_EQ(p.losses().scalar_type(), at::kDouble);
  EXPECT_NEAR(at_row(p.losses(), 0), std::log1p(std::exp(-1.0)), 1e-15);
}

TEST(Predictions, OfARegression) {
  auto dataset = std::make_shared<Dataset>();
  dataset->inputs = at::zeros({1, 1}, at::kDouble);
  dataset->targets = dataset->true_targets = at::tensor({1.0, 2.0}, at::kDouble).reshape({1, 2});
  dataset->outputs = 2;
  const Predictions p(dataset, Loss::kSquaredError,
                      at::tensor({4.0, 6.0}, at::kDouble).reshape({1, 2}));
  EXPECT_NEAR(at_row(p.losses(), 0), 12.5, 1e-14);
  EXPECT_THROW(p.predicted(), Error);
  EXPECT_THROW(p.confidence(), Error);
  EXPECT_THROW(p.entropy(), Error);
}

}  // namespace
}  // namespace oubli
