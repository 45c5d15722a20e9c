#include "core/evaluate/rtt.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "core/evaluate/fact_table.h"
#include "experiments/selftest/problems.h"
#include "tests/support/told_facts.h"

namespace oubli {
namespace {

using testing::both;
using testing::rows_where;

std::shared_ptr<const Dataset> ten_facts() {
  std::vector<Fact> facts;
  facts.reserve(10);
  for (int person = 0; person < 10; ++person) {
    facts.push_back({"P" + std::to_string(person), 0, person % 2 == 0 ? "Arlow" : "Calda"});
  }
  return testing::told_facts(facts);
}

std::int64_t fact_count(const Dataset& data, const Tensor& rows) {
  return std::get<0>(at::_unique(data.sequences.fact.index_select(0, rows))).numel();
}

TEST(DivideFacts, FactsAreDividedAndNoSentences) {
  const auto data = ten_facts();
  const Tensor forget = rows_where(*data, "kind", "fact"),
               reworded = rows_where(*data, "kind", "reworded");
  for (const auto& [part, taught] : {std::pair(0.5, 5), {0.8, 8}, {0.01, 1}, {0.999, 9}}) {
    const TaughtAndJudged rows = divide_facts(*data, forget, reworded, part);
    EXPECT_EQ(fact_count(*data, rows.taught), taught);
    EXPECT_EQ(rows.taught.numel(), 2 * taught) << "in the wordings of training alone";
    EXPECT_EQ(rows.judged.numel(), 3 * (10 - taught)) << "in all wordings";
    EXPECT_EQ(fact_count(*data, at::cat({rows.taught, rows.judged})), 10);
    EXPECT_TRUE(rows.taught.equal(divide_facts(*data, forget, reworded, part).taught));
  }
  // A larger part has what a smaller one has.
  const Tensor half = divide_facts(*data, forget, reworded, 0.5).taught;
  EXPECT_TRUE(at::isin(half, divide_facts(*data, forget, reworded, 0.8).taught).all().item<bool>());
  EXPECT_FALSE(half.equal(forget.narrow(0, 0, 10))) << "they are drawn, not the first ones";
}

TEST(DivideFacts, OfOneFactAndOfNone) {
  const auto data = ten_facts();
  const Tensor none = at::empty({0}, at::kLong);
  const TaughtAndJudged one = divide_facts(*data, rows_where(*data, "subject", "P3"), none, 0.5);
  EXPECT_EQ(one.taught.numel(), 0);
  EXPECT_EQ(one.judged.numel(), 3);
  EXPECT_EQ(divide_facts(*data, none, none, 0.5).judged.numel(), 0);
}

class RetrainOnPart : public ::testing::Test {
 protected:
  RttCurve taught(Model& model, const RttSettings& settings, double& cost) const {
    Context context(3);
    const TrainingRecipe training = testing::removal_task(data_, 24, 0).recipe;
    const RttCurve curve =
        retrain_on_part(model, data_, rows_, settings.steps.recipe(training), context);
    cost = context.cost.sample_gradients();
    return curve;
  }
  Model small_model() const {
    return testing::make_model("gpt", "{layers: 1, width: 16, heads: 2}", *data_, 1);
  }

  std::shared_ptr<const Dataset> data_ = testing::make_sentences();
  // People 0 and 1: four facts of six sentences each.
  TaughtAndJudged rows_ = divide_facts(*data_, at::arange(24), at::empty({0}, at::kLong), 0.5);
};

TEST_F(RetrainOnPart, TeachesThePartAndRepeats) {
  RttSettings settings;
  settings.steps.epochs = 40;
  settings.steps.lr = 1e-2;
  double cost = 0, again_cost = 0;
  Model model = small_model(), same = small_model();
  const RttCurve curve = taught(model, settings, cost), again = taught(same, settings, again_cost);
  ASSERT_EQ(curve.recall.size(), 41u);
  ASSERT_EQ(curve.loss.size(), 41u);
  EXPECT_LT(curve.taught_recall.front(), 0.5);
  EXPECT_EQ(curve.taught_recall.back(), 1);
  EXPECT_EQ(curve.loss, again.loss);
  // Forty epochs over twelve sentences; all are asked before and after each.
  EXPECT_NEAR(cost, 40 * 12 + 41 * 24 / 3.0, 1e-9);
}

TEST_F(RetrainOnPart, AsksTheModelAsItIsFirst) {
  const Model before = small_model();
  CostMeter unused;
  const Subset judged{data_, rows_.judged, {}};
  const Predictions predictions(data_, LossKind::kCrossEntropy,
                                model_outputs(before, judged, Objective{}, unused), judged.rows);
  RttSettings settings;
  settings.steps.epochs = 1;
  double cost = 0;
  Model model = small_model();
  const RttCurve curve = taught(model, settings, cost);
  EXPECT_NEAR(curve.loss.front(),
              predictions.losses().index_select(0, judged.rows).mean().item<double>(), 1e-12);
  EXPECT_EQ(curve.recall.front(), predictions.accuracy(judged.rows));
}

TEST_F(RetrainOnPart, EndsWhereTheLossIsNoLongerFinite) {
  RttSettings settings;
  settings.steps.epochs = 50;
  settings.steps.optimizer = "sgd";
  settings.steps.lr = 1e30;
  double cost = 0;
  Model model = small_model();
  const RttCurve curve = taught(model, settings, cost);
  EXPECT_LT(curve.loss.size(), 51u);
  EXPECT_FALSE(std::isfinite(curve.loss.back()));
}

}  // namespace
}  // namespace oubli
