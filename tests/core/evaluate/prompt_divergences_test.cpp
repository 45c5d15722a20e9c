#include "core/evaluate/prompt_divergences.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "tests/support/numbers.h"
#include "tests/support/two_people.h"

namespace oubli {
namespace {

using testing::binary_kl;
using testing::both;
using testing::largest;
using testing::rows_where;
using testing::ToldModel;

class FactPrompts : public testing::TwoPeople {
 protected:
  // The texts up to the answer, of rows.
  std::vector<std::vector<std::int64_t>> texts(const Tensor& rows) const {
    std::vector<std::vector<std::int64_t>> all;
    all.reserve(static_cast<std::size_t>(rows.numel()));
    for (std::int64_t i = 0; i < rows.numel(); ++i) {
      all.push_back(
          as_vector<std::int64_t>(data_->prompt(rows[i].item<std::int64_t>()).to(at::kLong)));
    }
    std::sort(all.begin(), all.end());
    return all;
  }
};

// Two people in three wordings each, of which P's stand there three times.
TEST_F(FactPrompts, AreEachOnceByTheirFirstRow) {
  const Tensor prompts = fact_prompts(evaluation_);
  ASSERT_EQ(prompts.numel(), 6);
  const auto found = texts(prompts);
  EXPECT_EQ(std::adjacent_find(found.begin(), found.end()), found.end()) << "no two alike";
  std::vector<std::vector<std::int64_t>> all = texts(rows_where(*data_, "subject", "P"));
  for (const auto& text : texts(rows_where(*data_, "subject", "Q"))) all.push_back(text);
  std::sort(all.begin(), all.end());
  EXPECT_GT(all.size(), 6U);
  all.erase(std::unique(all.begin(), all.end()), all.end());
  EXPECT_EQ(found, all);
  // No earlier row asks the same.
  for (std::int64_t i = 0; i < 6; ++i) {
    const std::int64_t row = prompts[i].item<std::int64_t>();
    for (std::int64_t other = 0; other < row; ++other) {
      EXPECT_FALSE(data_->prompt(other).equal(data_->prompt(row))) << other << " " << row;
    }
  }
}

TEST_F(FactPrompts, LeaveOutWhatNoModelIsTrainedOnAndWhatChoosesAmongModels) {
  const Tensor q = rows_where(*data_, "subject", "Q");
  for (const char* name : {"held_out", "validation"}) {
    evaluation_.sets = {{"retain", rows_where(*data_, "subject", "P")}, {name, q}};
    const Tensor prompts = fact_prompts(evaluation_);
    EXPECT_EQ(prompts.numel(), 3) << name;
    EXPECT_FALSE(at::isin(prompts, q).any().item<bool>()) << name;
  }
  // What is asked in another set as well stays.
  evaluation_.sets.push_back({"test", both(q, rows_where(*data_, "kind", "reworded"))});
  EXPECT_EQ(fact_prompts(evaluation_).numel(), 4);
}

TEST_F(FactPrompts, OfTextAloneAreNone) {
  evaluation_.sets = {{"text", rows_where(*data_, "kind", "text")}};
  EXPECT_EQ(fact_prompts(evaluation_).numel(), 0);
}

class PromptDivergencesOf : public testing::TwoPeople {
 protected:
  PromptDivergences of(const std::vector<ToldModel>& oracles, const ToldModel& model) const {
    std::vector<ModelOutcome> outcomes;
    std::vector<const ModelOutcome*> pointers;
    outcomes.reserve(oracles.size());
    pointers.reserve(oracles.size());
    for (const ToldModel& oracle : oracles) outcomes.push_back(oracle.outcome());
    for (const ModelOutcome& outcome : outcomes) pointers.push_back(&outcome);
    return prompt_divergences(pointers, model.outcome().predictions, fact_prompts(evaluation_));
  }
};

// Sums over prompts, of each oracle apart, and from the oracle to the model, not back.
TEST_F(PromptDivergencesOf, AreSumsOfEachOracleToTheModel) {
  const ToldModel one = model_with(0.5, 0.2), two = model_with(0.3, 0.1),
                  model = model_with(0.9, 0.1);
  const PromptDivergences found = of({one, two}, model);
  ASSERT_EQ(found.to_model.numel(), 2);
  EXPECT_NEAR(found.to_model[0].item<double>(), 3 * (binary_kl(0.5, 0.9) + binary_kl(0.2, 0.1)),
              1e-12);
  EXPECT_NEAR(found.to_model[1].item<double>(), 3 * binary_kl(0.3, 0.9), 1e-12);
  const double between =
      binary_kl(0.5, 0.3) + binary_kl(0.2, 0.1) + binary_kl(0.3, 0.5) + binary_kl(0.1, 0.2);
  EXPECT_NEAR(found.unit.value(), 3 * between / 2, 1e-12);
}

// Of three, two of which are one model, the ordered pairs of different numbers count, six.
TEST_F(PromptDivergencesOf, HaveTheMeanOverOrderedPairsAsTheirUnit) {
  const ToldModel one = model_with(0.5, 0.2), two = model_with(0.3, 0.2);
  const double between = binary_kl(0.5, 0.3) + binary_kl(0.3, 0.5);
  EXPECT_NEAR(of({one, two, one}, two).unit.value(), 3 * 2 * between / 6, 1e-12);
}

TEST_F(PromptDivergencesOf, HaveNoUnitWhereOraclesAreOne) {
  const ToldModel one = model_with(0.5, 0.2), model = model_with(0.9, 0.1);
  EXPECT_FALSE(of({one}, model).unit.has_value());
  EXPECT_FALSE(of({one, one, one}, model).unit.has_value());
  EXPECT_NEAR(of({one}, model).to_model.item<double>(),
              3 * (binary_kl(0.5, 0.9) + binary_kl(0.2, 0.1)), 1e-12);
  EXPECT_EQ(largest(of({one, one}, one).to_model), 0);
}

// A difference of a thousandth in one probability is none of rounding.
TEST_F(PromptDivergencesOf, HaveAUnitHoweverNearOraclesAre) {
  const ToldModel one = model_with(0.5, 0.2), near = model_with(0.501, 0.2);
  const double between = binary_kl(0.5, 0.501) + binary_kl(0.501, 0.5);
  EXPECT_NEAR(of({one, near}, one).unit.value(), 3 * between / 2, 1e-12);
}

// More prompts than are looked at at a time.
TEST_F(PromptDivergencesOf, AreTheSameInBlocks) {
  const ToldModel one = model_with(0.5, 0.2), two = model_with(0.3, 0.1),
                  model = model_with(0.9, 0.1);
  const ModelOutcome first = one.outcome(), second = two.outcome(), own = model.outcome();
  const Tensor prompts = fact_prompts(evaluation_);
  const PromptDivergences once = prompt_divergences({&first, &second}, own.predictions, prompts);
  const PromptDivergences often =
      prompt_divergences({&first, &second}, own.predictions, prompts.repeat({700}));
  EXPECT_LT(largest(often.to_model / 700 - once.to_model), 1e-12);
  EXPECT_NEAR(often.unit.value() / 700, once.unit.value(), 1e-12);
}

}  // namespace
}  // namespace oubli
