// Metrics of attacks: what they compare, which way they point, and where they have no value.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "core/evaluate/attacks/comparison.h"
#include "core/evaluate/metric.h"
#include "tests/support/problems.h"

namespace oubli {
namespace {

constexpr std::int64_t kRows = 160;

struct Fixture {
  Fixture() {
    evaluation.dataset = testing::make_dataset(kRows, 3, 2);
    evaluation.sets = {{"retain", at::arange(0, 60)},
                       {"forget", at::arange(60, 100)},
                       {"test", at::arange(100, 160)}};
    evaluation.seed = 5;
  }

  // The right class's output is the margin of each row, all others are 0.
  Predictions with_margins(const Tensor& margins) const {
    const Tensor right = at::one_hot(evaluation.dataset->targets, 2).to(at::kDouble);
    return Predictions(evaluation.dataset, evaluation.loss, right * margins.unsqueeze(1));
  }
  // Margins around `inside` on the first 100 rows, `forget` on the forget set, 0.2 on test.
  Predictions make(double retain, double forget, std::uint64_t seed) const {
    Tensor margins = 0.3 * Generator(seed).normal({kRows}, at::kDouble) + 0.2;
    margins.slice(0, 0, 60) += retain;
    margins.slice(0, 60, 100) += forget;
    return with_margins(margins);
  }
  std::vector<MetricValue> compute(const std::string& metric) const {
    MetricInput input{.evaluation = evaluation, .model = model, .oracles = {&oracle}};
    for (const Shadow& shadow : shadows) input.shadows.push_back(&shadow);
    return builtin_metrics().find(metric).compute(input);
  }
  // Shadows on random halves: trained rows have a margin of 3 more, `left` more once forgotten.
  void add_shadows(int count, double left) {
    for (int k = 0; k < count; ++k) {
      Generator generator(static_cast<std::uint64_t>(100 + k));
      const Tensor trained = generator.uniform({kRows}, at::kDouble).lt(0.5);
      const Tensor noise = 0.3 * generator.normal({kRows}, at::kDouble) + 0.2;
      const Tensor more = 0.3 * generator.normal({kRows}, at::kDouble) + 0.2;
      shadows.push_back({.trained = trained,
                         .original = with_margins(noise + 3 * trained.to(at::kDouble)),
                         .forgotten = trained,
                         .edited = with_margins(more + left * trained.to(at::kDouble))});
    }
  }

  Evaluation evaluation;
  ModelOutcome model, oracle;
  std::vector<Shadow> shadows;
};

double value_of(const std::vector<MetricValue>& values, const std::string& column) {
  for (const MetricValue& value : values) {
    if (value.column == column) return value.value;
  }
  ADD_FAILURE() << "no column " << column;
  return 0;
}

bool has(const std::vector<MetricValue>& values, const std::string& column) {
  for (const MetricValue& value : values) {
    if (value.column == column) return true;
  }
  return false;
}

TEST(Attacks, FindWhatIsStillLearntAndNotWhatIsForgotten) {
  Fixture s;
  s.model.predictions = s.make(3, 3, 1);
  auto values = s.compute("attacks");
  for (const char* name : {"mia_confidence", "mia_entropy", "mia_modified_entropy"}) {
    EXPECT_GT(value_of(values, name + std::string("/forget")), 0.95) << name;
  }
  EXPECT_GT(value_of(values, "mia_correctness/forget"), 0.55);
  EXPECT_GT(value_of(values, "tpr_at_1_fpr/forget"), 0.9);
  EXPECT_GT(value_of(values, "tpr_at_01_fpr/forget"), 0.9);

  s.model.predictions = s.make(3, 0, 1);
  values = s.compute("attacks");
  for (const char* name : {"mia_confidence", "mia_entropy", "mia_modified_entropy"}) {
    EXPECT_NEAR(value_of(values, name + std::string("/forget")), 0.5, 0.1) << name;
  }
  EXPECT_LT(value_of(values, "tpr_at_1_fpr/forget"), 0.2);
}

TEST(Attacks, OverForgettingIsBelowOneHalf) {
  Fixture s;
  s.model.predictions = s.make(3, -3, 1);
  EXPECT_LT(value_of(s.compute("attacks"), "mia_correctness/forget"), 0.3);
  EXPECT_LE(value_of(s.compute("attacks"), "mia_confidence/forget"), 0.5);
  // Two-sided: it is told apart, in whichever direction.
  EXPECT_GT(value_of(s.compute("mia_logistic"), "mia_logistic/forget"), 0.95);
}

TEST(Attacks, LogisticAttackIsBalancedAndSeeded) {
  Fixture s;
  s.model.predictions = s.make(3, 3, 1);
  EXPECT_GT(value_of(s.compute("mia_logistic"), "mia_logistic/forget"), 0.95);
  s.model.predictions = s.make(3, 0, 1);
  const double value = value_of(s.compute("mia_logistic"), "mia_logistic/forget");
  EXPECT_NEAR(value, 0.5, 0.2);
  EXPECT_EQ(value, value_of(s.compute("mia_logistic"), "mia_logistic/forget"));
  // 40 against 10: unbalanced, a constant answer would be right in 4 of 5.
  s.evaluation.sets[2].rows = at::arange(100, 110);
  s.model.predictions = s.with_margins(at::zeros({kRows}, at::kDouble));
  EXPECT_NEAR(value_of(s.compute("mia_logistic"), "mia_logistic/forget"), 0.5, 1e-12);
}

TEST(Attacks, CompareWithTheEditedClassesOnly) {
  Fixture s;
  const Tensor& targets = s.evaluation.dataset->targets;
  const Tensor rows = at::arange(100, 160);
  const Tensor zeros = targets.eq(0).nonzero().squeeze(1);
  const Tensor same = rows_of_same_classes(*s.evaluation.dataset, rows, zeros);
  EXPECT_TRUE(targets.index_select(0, same).eq(0).all().item<bool>());
  EXPECT_EQ(same.numel(), targets.slice(0, 100).eq(0).sum().item<std::int64_t>());
  // A class that test does not have: no column of any attack.
  s.evaluation.sets[1].rows = zeros;
  s.evaluation.sets[2].rows = targets.eq(1).nonzero().squeeze(1);
  s.model.predictions = s.make(3, 3, 1);
  EXPECT_TRUE(s.compute("attacks").empty());
  EXPECT_TRUE(s.compute("mia_logistic").empty());
}

TEST(Attacks, EmptyCasesLeaveTheColumnOut) {
  Fixture s;
  s.model.predictions = s.oracle.predictions = s.make(3, 3, 1);
  for (const char* name : {"lira", "ulira"}) EXPECT_TRUE(s.compute(name).empty()) << name;
  // No retained examples: nothing to fit a threshold on.
  s.evaluation.sets.erase(s.evaluation.sets.begin());
  EXPECT_FALSE(has(s.compute("attacks"), "mia_confidence/forget"));
  EXPECT_TRUE(has(s.compute("attacks"), "mia_correctness/forget"));
  s.evaluation.sets.pop_back();  // no test set
  for (const char* name : {"attacks", "mia_logistic", "lira"}) {
    EXPECT_TRUE(s.compute(name).empty()) << name;
  }
}

TEST(Attacks, DivergedModelsHaveNoFalseNumbers) {
  Fixture s;
  s.model.predictions =
      s.with_margins(at::full({kRows}, std::numeric_limits<double>::quiet_NaN(), at::kDouble));
  EXPECT_FALSE(has(s.compute("attacks"), "mia_entropy/forget"));
  EXPECT_TRUE(std::isnan(value_of(s.compute("attacks"), "tpr_at_1_fpr/forget")));
  EXPECT_TRUE(s.compute("mia_logistic").empty());
}

TEST(Lira, TellsTrainedFromForgotten) {
  Fixture s;
  s.add_shadows(16, 0);
  s.model.predictions = s.make(3, 3, 1);
  EXPECT_GT(value_of(s.compute("lira"), "lira_auc"), 0.99);
  EXPECT_GT(value_of(s.compute("lira"), "lira_tpr_1"), 0.9);
  s.model.predictions = s.make(3, 0, 1);
  EXPECT_NEAR(value_of(s.compute("lira"), "lira_auc"), 0.5, 0.15);
  // Held-out examples come before test ones.
  s.evaluation.sets.push_back({"held_out", at::arange(100, 102)});
  EXPECT_EQ(shadow_candidates(s.evaluation)->rows.numel(), 42);
  // Never trained on by any shadow: no score, so nothing to compare with.
  for (Shadow& shadow : s.shadows) shadow.trained.slice(0, 100, 102).fill_(false);
  EXPECT_TRUE(s.compute("lira").empty());
}

TEST(Ulira, TellsUnlearnedFromUnseen) {
  // Forgetting leaves a margin of 1.
  Fixture s;
  s.add_shadows(16, 1);
  s.model.predictions = s.make(3, 1, 1);
  s.oracle.predictions = s.make(3, 0, 2);
  EXPECT_GT(value_of(s.compute("ulira"), "ulira_auc"), 0.9);
  EXPECT_GT(value_of(s.compute("ulira"), "ulira_auc_retrained"), 0.9);
  // An oracle in the place of the model is not told apart.
  s.model.predictions = s.oracle.predictions;
  EXPECT_NEAR(value_of(s.compute("ulira"), "ulira_auc"), 0.5, 0.15);
  EXPECT_EQ(value_of(s.compute("ulira"), "ulira_auc_retrained"), 0.5);
  // Originals alone are not enough.
  for (Shadow& shadow : s.shadows) shadow.edited = Predictions();
  EXPECT_TRUE(s.compute("ulira").empty());
}

}  // namespace
}  // namespace oubli
