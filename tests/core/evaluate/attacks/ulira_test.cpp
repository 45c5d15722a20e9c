#include "core/evaluate/attacks/ulira.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "tests/support/metric_values.h"
#include "tests/support/problems.h"

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
// that leaves none: the attack finds the first and not the second.
double ulira_auc(double trace) {
  const Evaluation evaluation = make_evaluation();
  const AuditedRows audited = audited_rows(evaluation).value();
  const Tensor labels = at::one_hot(evaluation.dataset->targets, 3).to(at::kDouble);
  Generator generator(8);
  const Tensor own_difficulty = generator.normal({400, 1}, at::kDouble);
  const auto outputs = [&](const Tensor& forgot) {
    const Tensor noise = generator.normal({400, 3}, at::kDouble);
    const Tensor flags = at::zeros({400, 1}, at::kDouble).index_fill(0, forgot, trace);
    return Predictions(evaluation.dataset, Loss::kCrossEntropy,
                       labels * (own_difficulty + flags) + 0.3 * noise);
  };
  std::vector<Shadow> shadows;
  for (std::uint64_t k = 0; k < 24; ++k) {
    const Tensor forgot = audited.half(k);
    shadows.push_back({at::zeros({400}, at::kBool).index_fill(0, forgot, true), outputs(forgot)});
  }
  const ModelOutcome model{.predictions = outputs(audited.forget), .theta = at::zeros({1})};
  MetricInput input{.evaluation = evaluation, .model = model};
  for (const Shadow& shadow : shadows) input.edited_shadows.push_back(&shadow);
  return value_of(builtin_metrics().find("ulira").compute(input), "ulira_auc");
}

TEST(Ulira, FindsATraceOfForgettingAndNothingWhereThereIsNone) {
  EXPECT_GT(ulira_auc(1.0), 0.9);
  EXPECT_GT(ulira_auc(-1.0), 0.9) << "a forgotten example that looks too unknown is told as well";
  // One standard error of an AUC of 100 against 100 is 0.04.
  EXPECT_NEAR(ulira_auc(0), 0.5, 0.16);
}

}  // namespace
}  // namespace oubli
