#include "core/evaluate/attacks/lira.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "core/evaluate/attacks/samples.h"
#include "experiments/selftest/problems.h"
#include "tests/support/metric_values.h"
#include "tests/support/numbers.h"

namespace oubli {
namespace {

using testing::value_of;
using testing::values;

TEST(Lira, FewModelsShareTheirVarianceAndManyHaveTheirOwn) {
  // In: example 0 has 1, 3 (variance 2), example 1 has 0, 4 (variance 8). Out: 5 and 7 for both.
  const Tensor phi = values({1, 0, 3, 4, 5, 5, 7, 7}).reshape({4, 2});
  const Tensor member = at::tensor({1, 1, 1, 1, 0, 0, 0, 0}).reshape({4, 2}).gt(0);
  const LiraFit few = fit_lira(phi, member);
  EXPECT_TRUE(few.in_mean.equal(values({2, 2})));
  EXPECT_TRUE(few.in_variance.equal(values({5, 5})));
  EXPECT_TRUE(few.out_variance.equal(values({2, 2})));
  const LiraFit many = fit_lira(phi.repeat({32, 1}), member.repeat({32, 1}));
  EXPECT_NEAR(many.in_variance[0].item<double>(), 64.0 / 63, 1e-13);
  EXPECT_NEAR(many.in_variance[1].item<double>(), 256.0 / 63, 1e-13);
}

TEST(Lira, EqualModelsLeaveAFloorOfVariance) {
  const LiraFit fit =
      fit_lira(at::ones({4, 1}, at::kDouble), at::tensor({1, 1, 0, 0}).reshape({4, 1}).gt(0));
  EXPECT_EQ(fit.in_variance.item<double>(), 1e-12);
}

TEST(Lira, ExamplesWithoutASideHaveNoScore) {
  const Tensor phi = values({1, 1, 2, 3, 4, 6}).reshape({3, 2});
  const Tensor member = at::tensor({1, 1, 1, 1, 0, 1}).reshape({3, 2}).gt(0);
  // The out side has a single entry: a mean for example 0 alone, and no variance.
  const Tensor scores = lira_online_scores(fit_lira(phi, member), at::ones({2}, at::kDouble));
  EXPECT_TRUE(scores.isnan().all().item<bool>());
}

TEST(Lira, ScoresByHand) {
  const LiraFit fit{values({1}), values({4}), values({0}), values({1})};
  // -(2 - 1)^2 / 8 - ln 2 + 2^2 / 2
  EXPECT_NEAR(lira_online_scores(fit, values({2})).item<double>(), 1.875 - std::log(2.0), 1e-14);
}

// A class that is harder than the others, forgotten by models that never saw it: its examples look
// unlike the other classes' unseen ones, and like their own class's.
class LiraOfAClass : public ::testing::Test {
 protected:
  LiraOfAClass() {
    auto data = std::make_shared<Dataset>(*testing::make_dataset(300, 3, 3));
    data->targets = at::arange(300, at::kLong).remainder(3);
    data->true_targets = data->targets;
    const Tensor train = at::arange(0, 150), test = at::arange(150, 300);
    const auto of = [&](const Tensor& rows, bool first) {
      const Tensor is_first = data->targets.index_select(0, rows).eq(0);
      return rows.masked_select(first ? is_first : is_first.logical_not());
    };
    evaluation_ = {
        .dataset = data,
        .sets = {{"retain", of(train, false)}, {"forget", of(train, true)}, {"test", test}}};
  }

  std::vector<MetricValue> attack(std::int64_t shadows) const {
    Generator generator(3);
    const Tensor labels = at::one_hot(evaluation_.dataset->targets, 3).to(at::kDouble);
    const Tensor hardness = evaluation_.dataset->targets.eq(0).to(at::kDouble).unsqueeze(1);
    const auto outputs = [&](const Tensor& chosen) {
      const Tensor learnt = chosen.to(at::kDouble).unsqueeze(1) * (1 + 2 * hardness);
      return Predictions(
          evaluation_.dataset, LossKind::kCrossEntropy,
          labels * (3 - 4 * hardness + learnt) + 0.5 * generator.normal({300, 3}, at::kDouble));
    };
    std::vector<Shadow> models;
    for (std::int64_t k = 0; k < shadows; ++k) {
      const Tensor half = half_of(at::arange(300), k, "test");
      const Tensor chosen = at::zeros({300}, at::kBool).index_fill(0, half, true);
      models.push_back({chosen, outputs(chosen).scaled_confidence()});
    }
    const Tensor retain =
        at::zeros({300}, at::kBool).index_fill(0, *evaluation_.rows("retain"), true);
    const ModelOutcome oracle{.predictions = outputs(retain), .theta = at::zeros({1})};
    MetricInput input{.evaluation = evaluation_, .model = oracle};
    for (const Shadow& model : models) input.shadows.push_back(&model);
    return builtin_metrics().find("lira").compute(input);
  }

  Evaluation evaluation_;
};

TEST_F(LiraOfAClass, HoldsItAgainstUnseenExamplesOfItself) {
  const std::vector<MetricValue> values = attack(32);
  EXPECT_NEAR(value_of(values, "lira_auc"), 0.5, 0.15);
  EXPECT_EQ(value_of(values, "lira_epsilon"), 0);
  EXPECT_EQ(value_of(values, "lira_scored"), 1);
}

TEST_F(LiraOfAClass, FourShadowsScoreEveryExample) {
  EXPECT_EQ(value_of(attack(4), "lira_scored"), 1);
  const std::vector<MetricValue> two = attack(2);
  EXPECT_EQ(value_of(two, "lira_scored"), 0);
  EXPECT_FALSE(testing::has_column(two, "lira_auc"));
}

}  // namespace
}  // namespace oubli
