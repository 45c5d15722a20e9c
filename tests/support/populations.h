// Models as samples of a distribution over models.
#pragma once

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/base/random.h"
#include "core/evaluate/metric.h"
#include "experiments/selftest/problems.h"

namespace oubli::testing {

// A metric of all models together, on a data set of three classes.
class PopulationTest : public ::testing::Test {
 protected:
  PopulationTest(const std::string& metric, std::int64_t examples, std::vector<NamedRows> sets)
      : metric_(builtin_metrics().find(metric)) {
    evaluation_.dataset = make_dataset(examples, 3, 3);
    evaluation_.sets = std::move(sets);
  }

  // Classifiers whose scores are `sharpness` at the label and scatter by `scatter` around that.
  std::vector<ModelOutcome> models(std::size_t count, std::uint64_t seed, double sharpness = 1,
                                   double scatter = 1) const {
    Generator generator(seed);
    const Tensor labels = at::one_hot(evaluation_.dataset->targets, 3).to(at::kDouble);
    std::vector<ModelOutcome> all(count);
    for (ModelOutcome& model : all) {
      const Tensor noise = generator.normal(labels.sizes(), at::kDouble);
      model.predictions = Predictions(evaluation_.dataset, LossKind::kCrossEntropy,
                                      sharpness * labels + scatter * noise);
    }
    return all;
  }

  std::vector<MetricValue> compute(const std::vector<ModelOutcome>& models,
                                   const std::vector<ModelOutcome>& oracles,
                                   const std::vector<ModelOutcome>& apart = {}) const {
    PopulationInput input{.evaluation = evaluation_};
    for (const ModelOutcome& model : models) input.models.push_back(&model);
    for (const ModelOutcome& oracle : oracles) input.oracles.push_back(&oracle);
    for (const ModelOutcome& oracle : apart) input.control_oracles.push_back(&oracle);
    return metric_.compute_population(input);
  }

  Metric metric_;
  Evaluation evaluation_;
};

}  // namespace oubli::testing
