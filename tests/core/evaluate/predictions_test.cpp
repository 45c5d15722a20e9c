#include "core/evaluate/predictions.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "core/base/error.h"
#include "core/base/random.h"

namespace oubli {
namespace {

Predictions made(const std::vector<double>& outputs, std::int64_t label) {
  auto data = std::make_shared<Dataset>();
  data->targets = at::tensor({label}, at::kLong);
  data->inputs = at::zeros({1, 1});
  return Predictions(data, LossKind::kCrossEntropy, at::tensor(outputs, at::kDouble).unsqueeze(0));
}

// Song and Mittal's formula on p = (0.7, 0.2, 0.1), y = 0:
// -0.3 ln 0.7 - 0.2 ln 0.8 - 0.1 ln 0.9. The published code's mistake, ln p for ln(1 - p), is not
// it.
TEST(Predictions, ScoresByHand) {
  const Predictions p = made({std::log(0.7), std::log(0.2), std::log(0.1)}, 0);
  EXPECT_NEAR(p.losses().item<double>(), -std::log(0.7), 1e-15);
  EXPECT_NEAR(p.confidence().item<double>(), 0.7, 1e-15);
  EXPECT_NEAR(p.entropy().item<double>(),
              -0.7 * std::log(0.7) - 0.2 * std::log(0.2) - 0.1 * std::log(0.1), 1e-15);
  EXPECT_NEAR(p.modified_entropy().item<double>(),
              -0.3 * std::log(0.7) - 0.2 * std::log(0.8) - 0.1 * std::log(0.9), 1e-15);
  EXPECT_NEAR(p.scaled_confidence().item<double>(), std::log(0.7 / 0.3), 1e-14);
}

TEST(Predictions, AreFiniteFarPastWhereProbabilitiesUnderflow) {
  for (const std::int64_t label : {0, 1}) {
    const Predictions p = made({1000, 0, 0}, label);
    for (const Tensor& score :
         {p.losses(), p.entropy(), p.modified_entropy(), p.confidence(), p.scaled_confidence()}) {
      EXPECT_TRUE(std::isfinite(score.item<double>()));
    }
  }
  EXPECT_NEAR(made({1000, 0, 0}, 1).losses().item<double>(), 1000, 1e-9);
  EXPECT_NEAR(made({1000, 0, 0}, 0).scaled_confidence().item<double>(), 1000 - std::log(2), 1e-9);
  // Classes 0 and 1 give 1000 - ln 2 and 1000.
  EXPECT_NEAR(made({1000, 0, 0}, 1).modified_entropy().item<double>(), 2000 - std::log(2), 1e-9);
}

TEST(Predictions, TiesGoToTheLowestClass) {
  EXPECT_EQ(made({1, 3, 3}, 0).predicted().item<std::int64_t>(), 1);
  EXPECT_EQ(made({2, 2, 2}, 0).predicted().item<std::int64_t>(), 0);
}

// Of some rows, read anew whenever a matrix is asked for and once for each value of a row.
TEST(Predictions, OfSomeRowsAreReadWhenTheyAreAskedFor) {
  auto data = std::make_shared<Dataset>();
  const std::int64_t n = 20000;
  data->targets = at::arange(n, at::kLong).remainder(4);
  data->inputs = at::zeros({n, 1});
  Generator generator(2);
  const Tensor outputs = generator.normal({n, 4}, at::kFloat);
  const Predictions whole(data, LossKind::kCrossEntropy, outputs);
  const Tensor rows = at::arange(3, n, 2);
  int reads = 0;
  const Predictions part(data, LossKind::kCrossEntropy, DeferredTensor([&] {
                           ++reads;
                           return outputs.index_select(0, rows);
                         }),
                         rows);
  EXPECT_EQ(reads, 0);
  const auto at_rows = [&](const Tensor& values) { return values.index_select(0, rows); };
  for (int i = 0; i < 2; ++i) {
    EXPECT_TRUE(at_rows(part.losses()).equal(at_rows(whole.losses())));
    EXPECT_TRUE(at_rows(part.modified_entropy()).equal(at_rows(whole.modified_entropy())));
    EXPECT_TRUE(at_rows(part.scaled_confidence()).equal(at_rows(whole.scaled_confidence())));
    EXPECT_TRUE(at_rows(part.predicted()).equal(at_rows(whole.predicted())));
  }
  EXPECT_EQ(reads, 4);
  const Tensor some = at::tensor({5, 3, 19999}, at::kLong);
  EXPECT_TRUE(part.log_probabilities(some).equal(whole.log_probabilities(some)));
  EXPECT_EQ(reads, 5);
  EXPECT_TRUE(part.losses()[0].isnan().item<bool>()) << "row 0 has no outputs";
  EXPECT_EQ(part.predicted()[0].item<std::int64_t>(), -1);
  EXPECT_THROW(part.outputs(at::tensor({5, 4}, at::kLong)), Error);
}

TEST(Predictions, OfARegressionHaveNoProbabilities) {
  auto data = std::make_shared<Dataset>();
  data->targets = at::zeros({1, 1}, at::kDouble);
  data->inputs = at::zeros({1, 1});
  const Predictions p(data, LossKind::kSquaredError, at::ones({1, 1}, at::kDouble));
  EXPECT_THROW(p.probabilities(at::arange(1)), Error);
  EXPECT_EQ(p.losses().item<double>(), 0.5);
}

}  // namespace
}  // namespace oubli
