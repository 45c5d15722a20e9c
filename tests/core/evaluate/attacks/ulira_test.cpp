#include "core/evaluate/attacks/ulira.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "experiments/selftest/problems.h"
#include "tests/support/metric_values.h"

namespace oubli {
namespace {

using testing::value_of;

Evaluation make_evaluation() {
  return {.dataset = testing::make_dataset(400, 3, 3),
          .sets = {{"retain", at::arange(0, 160)},
                   {"forget", at::arange(160, 260)},
                   {"test", at::arange(260, 400)}}};
}

TEST(Ulira, AuditsAsManyUnseenExamplesAsForgottenOnes) {
  const Evaluation evaluation = make_evaluation();
  const AuditedRows audited = audited_rows(evaluation).value();
  EXPECT_EQ(audited.forget.numel(), audited.unseen.numel());
  EXPECT_TRUE(at::isin(audited.unseen, *evaluation.rows("test")).all().item<bool>());
  const Tensor first = audited.half(0), second = audited.half(1);
  EXPECT_EQ(first.numel(), audited.forget.numel());
  EXPECT_FALSE(first.equal(second));
  EXPECT_TRUE(first.equal(audited.half(0)));
  EXPECT_TRUE(at::isin(first, audited.all()).all().item<bool>());
  EXPECT_TRUE(rows_union(first, second).equal(rows_union(audited.all(), first))) << "complements";
  EXPECT_FALSE(at::isin(first, second).any().item<bool>());
}

TEST(Ulira, HasNothingToAuditWithoutUnseenExamplesOrClasses) {
  Evaluation evaluation = make_evaluation();
  evaluation.sets.pop_back();
  EXPECT_FALSE(audited_rows(evaluation).has_value());
  evaluation = make_evaluation();
  evaluation.dataset = testing::make_dataset(400, 3, 0);
  EXPECT_FALSE(audited_rows(evaluation).has_value());
}

// A method that leaves a trace on what it forgot, `trace` in the score of the label, against one
// that leaves none: the attack finds the first and not the second. The scores of the forget set
// scatter `scatter` times as much between models.
std::vector<MetricValue> ulira(double trace, double scatter = 1, std::uint64_t seed = 8,
                               const std::optional<Claim>& claim = {}) {
  const Evaluation evaluation = make_evaluation();
  const AuditedRows audited = audited_rows(evaluation).value();
  const Tensor labels = at::one_hot(evaluation.dataset->targets, 3).to(at::kDouble);
  Generator generator(seed);
  const Tensor spread =
      at::full({400, 1}, 0.3, at::kDouble).index_fill(0, audited.forget, 0.3 * scatter);
  const Tensor own_difficulty = generator.normal({400, 1}, at::kDouble);
  const auto outputs = [&](const Tensor& forgot) {
    const Tensor noise = generator.normal({400, 3}, at::kDouble);
    const Tensor flags = at::zeros({400, 1}, at::kDouble).index_fill(0, forgot, trace);
    return Predictions(evaluation.dataset, LossKind::kCrossEntropy,
                       labels * (own_difficulty + flags) + spread * noise);
  };
  std::vector<Shadow> shadows;
  for (std::int64_t k = 0; k < 32; ++k) {
    const Tensor forgot = audited.half(k);
    shadows.push_back({at::zeros({400}, at::kBool).index_fill(0, forgot, true),
                       outputs(forgot).scaled_confidence()});
  }
  const ModelOutcome model{
      .predictions = outputs(audited.forget), .theta = at::zeros({1}), .claim = claim};
  MetricInput input{.evaluation = evaluation, .model = model};
  for (const Shadow& shadow : shadows) input.edited_shadows.push_back(&shadow);
  return builtin_metrics().find("ulira").compute(input);
}

double ulira_auc(double trace) { return value_of(ulira(trace), "ulira_auc"); }

TEST(Ulira, FindsATraceOfForgettingAndNothingWhereThereIsNone) {
  EXPECT_GT(ulira_auc(1.0), 0.9);
  EXPECT_GT(ulira_auc(-1.0), 0.9) << "a forgotten example that looks too unknown is told as well";
  // One standard error of an AUC of 100 against 100 is 0.04.
  EXPECT_NEAR(ulira_auc(0), 0.5, 0.16);
}

// A claim is held against a bound at its own delta, which is smaller where that is larger.
TEST(Ulira, BoundsEpsilonAtTheClaimsDelta) {
  const auto bound = [](const std::vector<MetricValue>& values) {
    return value_of(values, "ulira_claim_epsilon");
  };
  const std::vector<MetricValue> same = ulira(3, 1, 8, Claim{1, 1e-5});
  EXPECT_GT(bound(same), 0.5);
  EXPECT_EQ(bound(same), value_of(same, "ulira_epsilon"));
  const std::vector<MetricValue> larger = ulira(3, 1, 8, Claim{1, 0.1});
  EXPECT_LT(bound(larger), bound(same));
  EXPECT_EQ(value_of(larger, "ulira_epsilon"), value_of(same, "ulira_epsilon"));
}

// Mislabelled examples scatter more between models than those they are held against. That alone
// must not look like a trace: chance is one false positive in a hundred. One variance for all gave
// 0.2.
TEST(Ulira, UnlikeSetsAloneLeaveNoTrace) {
  constexpr int kRepetitions = 20;
  double found = 0, epsilon = 0;
  for (std::uint64_t seed = 0; seed < kRepetitions; ++seed) {
    const std::vector<MetricValue> values = ulira(0, 3, seed);
    found += value_of(values, "ulira_tpr_1") / kRepetitions;
    epsilon += value_of(values, "ulira_epsilon") / kRepetitions;
  }
  EXPECT_LT(found, 0.04);
  EXPECT_LT(epsilon, 0.05);
}

}  // namespace
}  // namespace oubli
