// Models as samples of a distribution over models.
#pragma once

#include <ATen/ATen.h>

#include <memory>
#include <vector>

#include "core/base/random.h"
#include "core/evaluate/metric.h"

namespace oubli::testing {

// Classifiers whose scores are `sharpness` at the label and scatter by `scatter` around that.
inline std::vector<ModelOutcome> scattered_models(const std::shared_ptr<const Dataset>& dataset,
                                                  std::size_t count, std::uint64_t seed,
                                                  double sharpness = 1, double scatter = 1) {
  Generator generator(seed);
  const Tensor labels = at::one_hot(dataset->targets, dataset->outputs).to(at::kDouble);
  std::vector<ModelOutcome> models(count);
  for (ModelOutcome& model : models) {
    const Tensor noise = generator.normal(labels.sizes(), at::kDouble);
    model.predictions =
        Predictions(dataset, Loss::kCrossEntropy, sharpness * labels + scatter * noise);
  }
  return models;
}

// The values of a metric of all models together.
inline std::vector<MetricValue> population_values(const std::string& metric,
                                                  const Evaluation& evaluation,
                                                  const std::vector<ModelOutcome>& models,
                                                  const std::vector<ModelOutcome>& oracles) {
  PopulationInput input{.evaluation = evaluation};
  for (const ModelOutcome& model : models) input.models.push_back(&model);
  for (const ModelOutcome& oracle : oracles) input.oracles.push_back(&oracle);
  return builtin_metrics().find(metric).compute_population(input);
}

}  // namespace oubli::testing
