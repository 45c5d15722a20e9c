#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "core/evaluate/statistics/kolmogorov_smirnov.h"
#include "core/evaluate/truth_ratios.h"
#include "tests/support/told_facts.h"

namespace oubli {
namespace {

using testing::both;
using testing::has_column;
using testing::rows_where;
using testing::take_metric;
using testing::told_facts;
using testing::ToldModel;
using testing::value_of;

// Eight people of whom P0 to P3 are forgotten, one of four cities each.
class TruthRatio : public ::testing::Test {
 protected:
  static constexpr const char* kCities[] = {"Arlow", "Bandor", "Calda", "Delor"};

  TruthRatio() {
    std::vector<Fact> facts;
    facts.reserve(8);
    for (int person = 0; person < 8; ++person) {
      facts.push_back({"P" + std::to_string(person), 0, kCities[person % 4]});
    }
    data_ = told_facts(facts);
    evaluation_.dataset = data_;
    const Tensor fact = rows_where(*data_, "kind", "fact"),
                 reworded = rows_where(*data_, "kind", "reworded");
    Tensor left = at::empty({0}, at::kLong);
    for (int person = 0; person < 4; ++person) left = rows_union(left, of(person));
    evaluation_.sets = {{"retain", rows_difference(fact, left)},
                        {"forget", both(fact, left)},
                        {"test", rows_difference(reworded, left)},
                        {"forget_reworded", both(reworded, left)}};
  }

  Tensor of(int person) const {
    return rows_where(*data_, "subject", "P" + std::to_string(person));
  }
  // The right city has odds : 1 against the mean of the three others, in these rows.
  void tell(ToldModel& model, int person, double odds, const Tensor& rows) const {
    std::map<std::string, double> p;
    for (const char* city : kCities) p[city] = 1 / (odds + 3);
    p[kCities[person % 4]] = odds / (odds + 3);
    model.tell(both(of(person), rows), p);
  }
  ToldModel model_with(const std::vector<double>& odds) const {
    ToldModel model(data_);
    for (std::size_t i = 0; i < odds.size(); ++i) {
      tell(model, static_cast<int>(i), odds[i], at::arange(data_->size()));
    }
    return model;
  }

  std::shared_ptr<const Dataset> data_;
  Evaluation evaluation_;
};

TEST_F(TruthRatio, ByHand) {
  ToldModel model = model_with({1, 4, 0.5, 2, 2, 0.5, 4, 1});
  // R of wrong answers that are not alike: (0.2 + 0.1 + 0.3) / 3 over 0.4.
  model.tell(both(of(0), evaluation_.sets[1].rows),
             {{"Arlow", 0.4}, {"Bandor", 0.2}, {"Calda", 0.1}, {"Delor", 0.3}});
  const auto values = take_metric("truth_ratio", evaluation_, model, {model});
  EXPECT_NEAR(value_of(values, "truth_ratio/forget"), (0.5 + 0.25 + 0.5 + 0.5) / 4, 1e-12);
  EXPECT_NEAR(value_of(values, "truth_ratio/forget_reworded"), (1 + 0.25 + 0.5 + 0.5) / 4, 1e-12);
  EXPECT_NEAR(value_of(values, "truth_score/test"), (0.5 + 0 + 0.75 + 0) / 4, 1e-12);
  EXPECT_FALSE(has_column(values, "truth_score/forget"));
}

// A fact's R is the geometric mean over its two wordings: sqrt(4 * 9) to 1.
TEST_F(TruthRatio, OfAFactIsOneNumber) {
  ToldModel model = model_with({1, 1, 1, 1});
  const Tensor lives = rows_where(*data_, "wording", "{subject} lives in {object} .");
  tell(model, 0, 4, lives);
  tell(model, 0, 9, rows_difference(at::arange(data_->size()), lives));
  const Tensor ratios = log_truth_ratios(model.outcome().predictions, FactTable(data_),
                                         both(of(0), evaluation_.sets[1].rows));
  ASSERT_EQ(ratios.numel(), 1);
  EXPECT_NEAR(ratios.item<double>(), -std::log(6.0), 1e-12);
}

TEST_F(TruthRatio, IsFiniteFarPastWhereProbabilitiesUnderflow) {
  const ToldModel certain(data_);
  const auto values = take_metric("truth_ratio", evaluation_, certain, {certain});
  EXPECT_EQ(value_of(values, "truth_ratio/forget"), 0);
  EXPECT_EQ(value_of(values, "truth_score/retain"), 1);
  EXPECT_EQ(value_of(values, "tofu_forget_quality"), 0) << "log10 of 1";
}

// Four against four values of which all of one side are larger: 2 of the 70 orders.
TEST_F(TruthRatio, ForgetQualityIsThePOfTheTest) {
  const ToldModel knows = model_with({10, 20, 30, 40}), oracle = model_with({1, 2, 3, 4}),
                  other = model_with({1.5, 2.5, 3.5, 0.5});
  const auto values = take_metric("truth_ratio", evaluation_, knows, {oracle, other});
  EXPECT_NEAR(value_of(values, "tofu_forget_quality"), std::log10(2.0 / 70), 1e-12);
  const auto between = take_metric("truth_ratio", evaluation_, other, {oracle, knows});
  const double p =
      kolmogorov_smirnov({-std::log(1.5), -std::log(2.5), -std::log(3.5), -std::log(0.5)},
                         {0, -std::log(2.0), -std::log(3.0), -std::log(4.0)})
          .p;
  EXPECT_NEAR(value_of(between, "tofu_forget_quality_most"), std::log10(p), 1e-12);
  EXPECT_NEAR(value_of(between, "tofu_forget_quality_least"), std::log10(2.0 / 70), 1e-12);
  EXPECT_NEAR(value_of(between, "tofu_forget_quality"), (std::log10(p) + std::log10(2.0 / 70)) / 2,
              1e-12);
}

// What is asked in held-out wordings decides; without any, the wordings of training.
TEST_F(TruthRatio, ForgetQualityAsksInHeldOutWordings) {
  const ToldModel oracle = model_with({1, 2, 3, 4});
  ToldModel model = model_with({1, 2, 3, 4});
  for (int person = 0; person < 4; ++person) {
    tell(model, person, 100 + person, rows_where(*data_, "kind", "fact"));
  }
  EXPECT_EQ(
      value_of(take_metric("truth_ratio", evaluation_, model, {oracle}), "tofu_forget_quality"), 0);
  evaluation_.sets.pop_back();
  EXPECT_NEAR(
      value_of(take_metric("truth_ratio", evaluation_, model, {oracle}), "tofu_forget_quality"),
      std::log10(2.0 / 70), 1e-12);
}

// One object of two words takes no fact of its relation away.
TEST(TruthRatioOfLongerObjects, IsThatOfTheirFirstWords) {
  const auto data = told_facts(
      {{"P", 0, "Port Arlow"}, {"Q", 0, "Calda"}, {"R", 0, "Delor"}, {"S", 0, "Port Bandor"}});
  const FactTable facts(data);
  const ToldModel sure(data);
  EXPECT_EQ(log_truth_ratios(sure.outcome().predictions, facts, at::arange(data->size())).numel(),
            4);
  ToldModel model(data);
  for (const char* subject : {"P", "Q"}) {
    const Tensor rows = rows_where(*data, "subject", subject);
    model.tell(rows, {{"Port", 0.5}, {"Calda", 0.4}, {"Delor", 0.1}});
    const Tensor ratio = log_truth_ratios(model.outcome().predictions, facts, rows);
    const double expected = subject[0] == 'P' ? 0.25 / 0.5 : 0.3 / 0.4;
    EXPECT_NEAR(ratio.item<double>(), std::log(expected), 1e-12) << subject;
  }
}

TEST(TruthRatioOfObjectsThatBeginAlike, IsNone) {
  const auto data = told_facts({{"P", 0, "Port Arlow"}, {"Q", 0, "Port Calda"}, {"P", 1, "law"}});
  const Evaluation evaluation{.dataset = data, .sets = {{"forget", at::arange(data->size())}}};
  const ToldModel model(data);
  EXPECT_TRUE(take_metric("truth_ratio", evaluation, model, {model}).empty())
      << "of the other relation there is one object";
}

}  // namespace
}  // namespace oubli
