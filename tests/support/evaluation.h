// Inputs of metrics, with random predictions.
#pragma once

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/evaluate/metric.h"
#include "tests/support/problems.h"

namespace oubli::testing {

// One model, one oracle and the original, on 80 examples: 40 retain, 20 forget, 20 test.
struct EvaluationFixture {
  Evaluation evaluation;
  ModelOutcome model, oracle, original;
  // Evaluation refers to these, which stay where they are when the fixture is copied.
  std::vector<std::shared_ptr<const ModelOutcome>> initial;

  MetricInput input(std::vector<const ModelOutcome*> oracles) const {
    return {.evaluation = evaluation,
            .model = model,
            .oracles = std::move(oracles),
            .original = &original};
  }
  Predictions predictions(const Tensor& outputs) const {
    return Predictions(evaluation.dataset, evaluation.loss, outputs);
  }
};

// With 0 classes a regression. `swapped`: the forget set's classes 0 and 1 are swapped in training.
inline EvaluationFixture make_evaluation(std::int64_t classes, bool swapped = false) {
  EvaluationFixture s;
  auto dataset = std::make_shared<Dataset>(*make_dataset(80, 3, classes));
  const Tensor forget = at::arange(40, 60);
  if (swapped) {
    dataset->true_targets = dataset->targets.clone();
    dataset->true_targets.narrow(0, 40, 2).copy_(at::arange(2));
    const Tensor truth = dataset->true_targets.index_select(0, forget);
    dataset->targets =
        dataset->true_targets.index_copy(0, forget, at::where(truth.le(1), 1 - truth, truth));
  }
  s.evaluation.dataset = dataset;
  s.evaluation.loss = classes > 0 ? Loss::kCrossEntropy : Loss::kSquaredError;
  s.evaluation.sets = {
      {"retain", at::arange(0, 40)}, {"forget", forget}, {"test", at::arange(60, 80)}};
  s.evaluation.parameters = {{.name = "weight", .shape = {5}, .offset = 0, .size = 5},
                             {.name = "bias", .shape = {2}, .offset = 5, .size = 2}};
  Generator generator(4);
  const std::int64_t outputs = std::max<std::int64_t>(classes, 1);
  for (ModelOutcome* outcome : {&s.model, &s.oracle, &s.original}) {
    outcome->predictions = s.predictions(generator.normal({80, outputs}, at::kDouble));
    outcome->theta = generator.normal({7}, at::kDouble);
    outcome->sample_gradients = outcome == &s.model ? 10 : 40;
    outcome->seconds = outcome == &s.model ? 1 : 2;
    outcome->relearning = {{.forget_loss = {2, 1, 0}, .forget_accuracy = {0, 0.5, 1}}};
  }
  ModelOutcome untrained;
  untrained.predictions = s.predictions(generator.normal({80, outputs}, at::kDouble));
  s.initial = {std::make_shared<const ModelOutcome>(untrained)};
  s.evaluation.initial = {s.initial[0].get()};
  return s;
}

// Independent models of the fixture's data set.
inline std::vector<ModelOutcome> make_models(const EvaluationFixture& s, std::size_t count,
                                             std::uint64_t seed) {
  Generator generator(seed);
  std::vector<ModelOutcome> models(count);
  for (ModelOutcome& model : models) {
    model.predictions =
        s.predictions(generator.normal({80, s.model.predictions.outputs().size(1)}, at::kDouble));
    model.theta = generator.normal({7}, at::kDouble);
  }
  return models;
}

inline std::vector<const ModelOutcome*> pointers(const std::vector<ModelOutcome>& models) {
  std::vector<const ModelOutcome*> result;
  for (const ModelOutcome& model : models) result.push_back(&model);
  return result;
}

inline double value_of(const std::vector<MetricValue>& values, const std::string& column) {
  for (const MetricValue& value : values) {
    if (value.column == column) return value.value;
  }
  ADD_FAILURE() << "no column " << column;
  return 0;
}

inline bool has_column(const std::vector<MetricValue>& values, const std::string& column) {
  return std::any_of(values.begin(), values.end(),
                     [&](const MetricValue& value) { return value.column == column; });
}

}  // namespace oubli::testing
