#include "core/evaluate/truth_ratios.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <memory>

#include "tests/support/told_facts.h"

namespace oubli {
namespace {

using testing::both;
using testing::rows_where;
using testing::told_facts;
using testing::ToldModel;

// Three people's cities, all different, and two fields.
class TruthRatios : public ::testing::Test {
 protected:
  Tensor ratios(const ToldModel& model, const Tensor& rows) const {
    return log_truth_ratios(model.outcome().predictions, facts_, rows);
  }
  Tensor of(const char* subject, const char* relation) const {
    return both(rows_where(*data_, "subject", subject), rows_where(*data_, "relation", relation));
  }

  std::shared_ptr<const Dataset> data_ = told_facts({{"P", 0, "Arlow"},
                                                     {"Q", 0, "Bandor"},
                                                     {"R", 0, "Calda"},
                                                     {"P", 1, "law"},
                                                     {"Q", 1, "music"}});
  FactTable facts_{data_};
};

// What is said beside the objects of the relation, such as another relation's, is no wrong answer.
TEST_F(TruthRatios, AreOfTheObjectsOfTheRelationAlone) {
  ToldModel model(data_);
  model.tell(of("P", "city"),
             {{"Arlow", 0.2}, {"Bandor", 0.1}, {"Calda", 0.02}, {"law", 0.3}, {"music", 0.38}});
  const Tensor found = ratios(model, of("P", "city"));
  ASSERT_EQ(found.numel(), 1);
  EXPECT_NEAR(found.item<double>(), std::log((0.1 + 0.02) / 2 / 0.2), 1e-12);
  model.tell(of("P", "field"), {{"law", 0.2}, {"music", 0.1}, {"Arlow", 0.7}});
  EXPECT_NEAR(ratios(model, of("P", "field")).item<double>(), std::log(0.1 / 0.2), 1e-12);
}

TEST_F(TruthRatios, AreOfTheSentencesThatAreAskedAbout) {
  ToldModel model(data_);
  const Tensor lives =
      both(of("P", "city"), rows_where(*data_, "wording", "{subject} lives in {object} ."));
  ASSERT_EQ(lives.numel(), 1);
  model.tell(of("P", "city"), {{"Arlow", 0.1}, {"Bandor", 0.45}, {"Calda", 0.45}});
  model.tell(lives, {{"Arlow", 0.8}, {"Bandor", 0.1}, {"Calda", 0.1}});
  EXPECT_NEAR(ratios(model, lives).item<double>(), std::log(0.1 / 0.8), 1e-12);
  // Geometric mean over three wordings.
  EXPECT_NEAR(ratios(model, of("P", "city")).item<double>(),
              (std::log(0.1 / 0.8) + 2 * std::log(0.45 / 0.1)) / 3, 1e-12);
}

// Facts of several relations: one number each, whatever the order of rows.
TEST_F(TruthRatios, DoNotDependOnTheOrderOfRows) {
  ToldModel model(data_);
  model.tell(of("P", "city"), {{"Arlow", 0.5}, {"Bandor", 0.25}, {"Calda", 0.25}});
  model.tell(of("Q", "city"), {{"Bandor", 0.2}, {"Arlow", 0.4}, {"Calda", 0.4}});
  model.tell(of("Q", "field"), {{"law", 0.75}, {"music", 0.25}});
  const Tensor rows = at::cat({of("Q", "field"), of("P", "city"), of("Q", "city")});
  const Tensor expected =
      std::get<0>(at::tensor({std::log(0.5), std::log(2.0), std::log(3.0)}, at::kDouble).sort());
  for (const Tensor& order : {rows, rows.flip(0), std::get<0>(rows.sort())}) {
    const Tensor found = std::get<0>(ratios(model, order).sort());
    ASSERT_EQ(found.numel(), 3);
    EXPECT_LT((found - expected).abs().max().item<double>(), 1e-12);
  }
  // What is above 1 counts as 0, not as less.
  const auto score = truth_score(model.outcome().predictions, facts_, rows);
  EXPECT_NEAR(score.value(), (0.5 + 0 + 0) / 3, 1e-12);
}

TEST_F(TruthRatios, OfTextAndNothingAreNone) {
  const Tensor none = at::empty({0}, at::kLong);
  EXPECT_EQ(ratios(ToldModel(data_), none).numel(), 0);
  EXPECT_FALSE(truth_score(ToldModel(data_).outcome().predictions, facts_, none).has_value());
  FactTexts texts = testing::told_texts({{"P", 0, "Arlow"}, {"Q", 0, "Bandor"}});
  texts.text = {"one cat sees the dog ."};
  const auto data = std::make_shared<const Dataset>(load_facts(texts).dataset);
  const FactTable facts(data);
  const Tensor text = rows_where(*data, "kind", "text");
  ASSERT_EQ(text.numel(), 1);
  const Predictions predictions = ToldModel(data).outcome().predictions;
  EXPECT_EQ(log_truth_ratios(predictions, facts, text).numel(), 0);
  EXPECT_EQ(log_truth_ratios(predictions, facts, at::arange(data->size())).numel(), 2);
}

// Where all say the same there is no wrong answer; the others' numbers stay what they are.
TEST(TruthRatiosOfOneObject, AreLeftOut) {
  const auto data =
      told_facts({{"P", 0, "Arlow"}, {"Q", 0, "Bandor"}, {"P", 1, "law"}, {"Q", 1, "law"}});
  const FactTable facts(data);
  ToldModel model(data);
  model.tell(rows_where(*data, "object", "Arlow"), {{"Arlow", 0.8}, {"Bandor", 0.2}});
  model.tell(rows_where(*data, "object", "Bandor"), {{"Arlow", 0.5}, {"Bandor", 0.5}});
  const Predictions predictions = model.outcome().predictions;
  const Tensor fields = rows_where(*data, "relation", "field");
  EXPECT_EQ(log_truth_ratios(predictions, facts, fields).numel(), 0);
  EXPECT_FALSE(truth_score(predictions, facts, fields).has_value());
  EXPECT_EQ(log_truth_ratios(predictions, facts, at::arange(data->size())).numel(), 2);
  EXPECT_NEAR(truth_score(predictions, facts, at::arange(data->size())).value(), 0.75 / 2, 1e-12);
}

}  // namespace
}  // namespace oubli
