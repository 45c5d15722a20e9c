// Metrics against tests/golden/metrics.json, which make_metrics.py computes with numpy and scipy.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>

#include "core/evaluate/metric.h"

namespace oubli {
namespace {

using Json = nlohmann::json;

Tensor to_tensor(const Json& list) { return at::tensor(list.get<std::vector<std::int64_t>>()); }

class Golden {
 public:
  Golden(const Json& file, const Json& entry) : file_(file), entry_(entry) {
    auto dataset = std::make_shared<Dataset>();
    dataset->targets = to_tensor(entry.at("targets"));
    dataset->true_targets = to_tensor(entry.at("true_targets"));
    dataset->inputs = at::zeros({dataset->targets.numel(), 1});
    dataset->outputs = file.at("classes");
    evaluation.dataset = dataset;
    for (const auto& [name, rows] : entry.at("sets").items()) {
      evaluation.sets.push_back({name, to_tensor(rows)});
    }
    if (entry.contains("parameters")) {
      for (const Json& parameter : entry.at("parameters")) {
        evaluation.parameters.push_back({.name = parameter.at("name"),
                                         .shape = {},
                                         .offset = parameter.at("offset"),
                                         .size = parameter.at("size")});
      }
    }
    if (entry.contains("initial")) evaluation.initial = models(entry.at("initial"));
  }

  const ModelOutcome* model(const Json& index) {
    if (index.is_null()) return nullptr;
    const auto [found, added] = models_.try_emplace(index.get<std::size_t>());
    if (added) {
      const Json& stored = file_.at("models").at(index.get<std::size_t>());
      ModelOutcome& outcome = found->second;
      const Tensor outputs = to_tensor(stored.at("outputs")).to(at::kDouble) / 64;
      outcome.predictions =
          Predictions(evaluation.dataset, evaluation.loss,
                      outputs.view({-1, file_.at("classes").get<std::int64_t>()}));
      if (stored.contains("theta")) {
        outcome.theta = at::tensor(stored.at("theta").get<std::vector<double>>(), at::kDouble);
      }
      if (stored.contains("relearning")) {
        const Json& curves = stored.at("relearning");
        outcome.relearning = {
            {.forget_loss = curves.at("forget_loss").get<std::vector<double>>(),
             .forget_accuracy = curves.at("forget_accuracy").get<std::vector<double>>()}};
      }
    }
    return &found->second;
  }

  std::vector<const ModelOutcome*> models(const Json& indices) {
    std::vector<const ModelOutcome*> result;
    for (const Json& index : indices) result.push_back(model(index));
    return result;
  }

  std::vector<MetricValue> values() {
    const Registry<Metric> metrics = builtin_metrics();
    std::vector<MetricValue> all;
    const auto add = [&](const std::vector<MetricValue>& some) {
      all.insert(all.end(), some.begin(), some.end());
    };
    if (entry_.at("kind") == "population") {
      const PopulationInput input{.evaluation = evaluation,
                                  .models = models(entry_.at("models")),
                                  .oracles = models(entry_.at("oracles"))};
      for (const char* name : {"klom", "forgetting_quality"}) {
        add(metrics.find(name).compute_population(input));
      }
      return all;
    }
    const MetricInput input{.evaluation = evaluation,
                            .model = *model(entry_.at("model")),
                            .oracles = models(entry_.at("oracles")),
                            .original = model(entry_.at("original"))};
    for (const char* name : {"gaps", "agreement", "activation_distance", "calibration",
                             "layer_distance", "zrf", "streisand", "mislabels", "relearning"}) {
      add(metrics.find(name).compute(input));
    }
    return all;
  }

  Evaluation evaluation;

 private:
  const Json& file_;
  const Json& entry_;
  std::map<std::size_t, ModelOutcome> models_;
};

TEST(MetricsGolden, AgreeWithNumpyAndScipy) {
  const std::filesystem::path folder = std::filesystem::path(OUBLI_SOURCE_DIR) / "tests/golden";
  std::ifstream stream(folder / "metrics.json");
  ASSERT_TRUE(stream);
  const Json file = Json::parse(stream);
  ASSERT_GE(file.at("cases").size(), 12u);
  for (const Json& entry : file.at("cases")) {
    SCOPED_TRACE(entry.at("name").get<std::string>());
    auto expected = entry.at("values").get<std::map<std::string, double>>();
    for (const MetricValue& value : Golden(file, entry).values()) {
      const auto found = expected.find(value.column);
      if (found == expected.end()) {
        ADD_FAILURE() << value.column << " should not be there, or is there twice";
        continue;
      }
      // Relative, and absolute to rounding where a difference of values near one is near zero.
      const double tolerance = std::max(1e-9 * std::abs(found->second), 1e-15);
      EXPECT_NEAR(value.value, found->second, tolerance) << value.column;
      expected.erase(found);
    }
    for (const auto& [column, value] : expected) ADD_FAILURE() << column << " is missing";
  }
}

}  // namespace
}  // namespace oubli
