// Every metric against values computed from the definitions by NumPy, SciPy and scikit-learn
// (tests/golden/make_metrics.py), equal scores included.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <set>

#include "core/evaluate/metric.h"

namespace oubli {
namespace {

Tensor matrix(const Json& rows) {
  std::vector<Tensor> tensors;
  for (const Json& row : rows) {
    tensors.push_back(at::tensor(row.get<std::vector<double>>(), at::kDouble));
  }
  return at::stack(tensors);
}

Tensor integers(const Json& list) {
  return at::tensor(list.get<std::vector<std::int64_t>>(), at::kLong);
}

Tensor vector(const Json& list) { return at::tensor(list.get<std::vector<double>>(), at::kDouble); }

class GoldenMetrics : public ::testing::Test {
 protected:
  GoldenMetrics() {
    std::ifstream file(std::string(OUBLI_SOURCE_DIR) + "/tests/golden/metrics.json");
    json_ = Json::parse(file);
    auto data = std::make_shared<Dataset>();
    data->targets = integers(json_.at("targets"));
    data->true_targets = integers(json_.at("true_targets"));
    data->inputs = at::zeros({data->targets.size(0), 1}, at::kDouble);
    data->outputs = 4;
    evaluation_.dataset = data;
    for (const Json& set : json_.at("sets")) {
      evaluation_.sets.push_back({set.at(0).get<std::string>(), integers(set.at(1))});
    }
    for (const Json& parameter : json_.at("parameters")) {
      evaluation_.parameters.push_back({.name = parameter.at(0),
                                        .shape = {},
                                        .offset = parameter.at(1),
                                        .size = parameter.at(2)});
    }
    model_ = outcome(json_.at("model"), json_.at("theta"));
    model_.relearning = relearning(json_.at("relearning").at("model"));
    original_ = outcome(json_.at("original"), json_.at("theta"));
    for (std::size_t j = 0; j < json_.at("oracles").size(); ++j) {
      oracles_.push_back(outcome(json_.at("oracles").at(j), json_.at("oracle_thetas").at(j)));
      oracles_.back().relearning = relearning(json_.at("relearning").at("oracles").at(j));
    }
    for (const Json& initial : json_.at("initial")) {
      initial_.push_back(outcome(initial, json_.at("theta")));
    }
    for (const Json& shadow : json_.at("shadows")) {
      shadows_.push_back(
          {flags(shadow.at("trained")), predictions(shadow.at("outputs")).scaled_confidence()});
    }
    for (const Json& shadow : json_.at("edited_shadows")) {
      edited_.push_back(
          {flags(shadow.at("forgot")), predictions(shadow.at("outputs")).scaled_confidence()});
    }
    for (const Json& one : json_.at("many")) many_.push_back(outcome(one, json_.at("theta")));
    for (const Json& one : json_.at("many_oracles")) {
      many_oracles_.push_back(outcome(one, json_.at("theta")));
    }
    for (const ModelOutcome& initial : initial_) evaluation_.initial.push_back(&initial);
  }

  Predictions predictions(const Json& outputs) const {
    return Predictions(evaluation_.dataset, LossKind::kCrossEntropy, matrix(outputs));
  }
  ModelOutcome outcome(const Json& outputs, const Json& theta) const {
    ModelOutcome result;
    result.predictions = predictions(outputs);
    result.theta = vector(theta);
    return result;
  }
  static Tensor flags(const Json& list) {
    std::vector<std::int64_t> values;
    for (const Json& value : list) values.push_back(value.get<bool>());
    return at::tensor(values, at::kLong).to(at::kBool);
  }
  static Relearning relearning(const Json& curves) {
    return {curves.at("forget_loss"), curves.at("forget_accuracy")};
  }
  MetricInput input() const {
    MetricInput input{.evaluation = evaluation_, .model = model_, .original = &original_};
    for (const ModelOutcome& oracle : oracles_) input.oracles.push_back(&oracle);
    for (const Shadow& shadow : shadows_) input.shadows.push_back(&shadow);
    for (const Shadow& shadow : edited_) input.edited_shadows.push_back(&shadow);
    return input;
  }
  PopulationInput population() const {
    PopulationInput input{.evaluation = evaluation_};
    for (const ModelOutcome& model : many_) input.models.push_back(&model);
    for (std::size_t i = 0; i < many_oracles_.size(); ++i) {
      (i < many_oracles_.size() / 2 ? input.control_oracles : input.oracles)
          .push_back(&many_oracles_[i]);
    }
    return input;
  }
  // Holds the values against what `part` of the file expects, which must name the same columns.
  void expect(const std::vector<MetricValue>& values, const std::string& part) const {
    std::set<std::string> seen;
    for (const MetricValue& value : values) {
      ASSERT_TRUE(json_.at(part).contains(value.column)) << value.column;
      const double expected = json_.at(part).at(value.column);
      EXPECT_NEAR(value.value, expected, 1e-9 * std::max(std::abs(expected), 1e-3)) << value.column;
      seen.insert(value.column);
    }
    for (const auto& [column, value] : json_.at(part).items()) {
      EXPECT_TRUE(seen.contains(column)) << column;
    }
  }

  Json json_;
  Evaluation evaluation_;
  ModelOutcome model_, original_;
  std::vector<ModelOutcome> oracles_, initial_, many_, many_oracles_;
  std::vector<Shadow> shadows_, edited_;
};

TEST_F(GoldenMetrics, AgreeToNineDigits) {
  std::vector<MetricValue> values, pooled, derived;
  const auto append = [](std::vector<MetricValue>& all, const std::vector<MetricValue>& more) {
    all.insert(all.end(), more.begin(), more.end());
  };
  const Registry<Metric> metrics = builtin_metrics();
  for (const Metric& metric : metrics.entries()) {
    if (metric.name == "cost") continue;  // not a function of predictions
    if (metric.compute) append(values, metric.compute(input()));
    if (metric.compute_population) append(pooled, metric.compute_population(population()));
  }
  expect(values, "expected");
  expect(pooled, "together");
  // The oracles' means, as the engine takes them.
  ColumnValues own, oracles;
  for (const MetricValue& value : values) own[value.column] = value.value;
  for (const ModelOutcome& oracle : oracles_) {
    MetricInput as_model{.evaluation = evaluation_, .model = oracle};
    for (const ModelOutcome& other : oracles_) {
      if (&other != &oracle) as_model.oracles.push_back(&other);
    }
    for (const char* metric : {"mia_svc", "layer_distance"}) {
      for (const MetricValue& value : metrics.find(metric).compute(as_model)) {
        oracles[value.column] += value.value / static_cast<double>(oracles_.size());
      }
    }
  }
  for (const Metric& metric : metrics.entries()) {
    if (metric.derive) append(derived, metric.derive(own, oracles));
  }
  expect(derived, "derived");
}

TEST_F(GoldenMetrics, EveryColumnIsDescribed) {
  const Registry<Metric> metrics = builtin_metrics();
  for (const char* part : {"expected", "together", "derived"}) {
    for (const auto& [column, value] : json_.at(part).items()) {
      const ColumnInfo* info = find_column(metrics, column);
      ASSERT_NE(info, nullptr) << column;
      EXPECT_FALSE(info->heading.empty()) << column;
      EXPECT_FALSE(info->range.empty()) << column;
      EXPECT_FALSE(info->definition.empty()) << column;
    }
  }
  for (const Metric& metric : metrics.entries()) EXPECT_FALSE(metric.source.empty()) << metric.name;
}

TEST_F(GoldenMetrics, WithoutTheSetsThatTheyNeedColumnsAreLeftOut) {
  evaluation_.sets = {evaluation_.sets.front()};  // retain alone
  const Registry<Metric> metrics = builtin_metrics();
  for (const Metric& metric : metrics.entries()) {
    if (!metric.compute) continue;
    for (const MetricValue& value : metric.compute(input())) {
      EXPECT_TRUE(std::isfinite(value.value)) << value.column;
      EXPECT_EQ(value.column.find("/forget"), std::string::npos);
    }
  }
}

}  // namespace
}  // namespace oubli
