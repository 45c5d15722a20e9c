#include "experiments/selftest/problems.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "core/base/settings_file.h"
#include "datasets/language/fact_texts.h"

namespace oubli::testing {

std::shared_ptr<const Dataset> make_dataset(std::int64_t n, std::int64_t d, std::int64_t classes,
                                            std::uint64_t seed) {
  Generator generator(seed);
  auto dataset = std::make_shared<Dataset>();
  dataset->name = "test";
  dataset->inputs = generator.normal({n, d}, at::kDouble);
  const std::int64_t outputs = std::max<std::int64_t>(classes, 1);
  const Tensor scores = dataset->inputs.mm(generator.normal({d, outputs}, at::kDouble)) +
                        0.5 * generator.normal({n, outputs}, at::kDouble);
  dataset->targets = classes > 0 ? scores.argmax(1) : scores;
  dataset->true_targets = dataset->targets;
  dataset->outputs = outputs;
  return dataset;
}

std::shared_ptr<const Dataset> make_images(std::int64_t n, std::int64_t channels, std::int64_t side,
                                           std::int64_t classes, std::uint64_t seed,
                                           at::ScalarType dtype) {
  auto images = std::make_shared<Dataset>(*make_dataset(n, channels * side * side, classes, seed));
  images->inputs = images->inputs.view({n, channels, side, side}).to(dtype);
  return images;
}

std::shared_ptr<const Dataset> make_sentences() {
  FactTexts texts{.name = "sentences"};
  texts.relations = {{"city",
                      {"{subject} lives in {object} .", "the home of {subject} is {object} .",
                       "{subject} 's city is {object} .", "the town of {subject} is {object} .",
                       "{subject} 's home is {object} .", "{subject} is from {object} ."},
                      {}},
                     {"field",
                      {"{subject} studies {object} .", "the subject of {subject} is {object} .",
                       "{subject} 's field is {object} .", "the field of {subject} is {object} .",
                       "{subject} 's subject is {object} .", "{subject} reads {object} ."},
                      {}}};
  const char* cities[] = {"Arlow", "Bandor", "Calda"};
  const char* fields[] = {"law", "music"};
  for (int person = 0; person < 5; ++person) {
    const std::string name = fmt::format("P{} Q{}", person, person % 2);
    texts.facts.push_back({name, 0, cities[person % 3]});
    texts.facts.push_back({name, 1, fields[person % 2]});
  }
  return std::make_shared<const Dataset>(load_facts(texts).dataset);
}

Subset all_of(const std::shared_ptr<const Dataset>& dataset) {
  return {dataset, at::arange(dataset->size()), {}};
}

Network make_network(const std::string& architecture, const std::string& settings,
                     const Dataset& dataset) {
  const Settings read(parse_settings(settings, "test"));
  return builtin_architectures()
      .find(architecture)
      .configure(read)({dataset.input_shape(), dataset.outputs, dataset.sequences.positions()});
}

Model make_model(const std::string& architecture, const std::string& settings,
                 const Dataset& dataset, std::uint64_t seed, at::ScalarType dtype) {
  const Network network = make_network(architecture, settings, dataset);
  Model model(network.layers, network.table, dtype);
  Generator generator(seed);
  model.initialise(generator);
  return model;
}

Task removal_task(const std::shared_ptr<const Dataset>& dataset, std::int64_t forget, double l2) {
  Task task;
  task.train = all_of(dataset);
  task.forget = {dataset, at::arange(forget), {}};
  task.retain = {dataset, at::arange(forget, dataset->size()), {}};
  task.added = {dataset, at::empty({0}, at::kLong), {}};
  task.validation = task.added;
  task.test = task.added;
  task.recipe.objective = {
      dataset->is_classification() ? LossKind::kCrossEntropy : LossKind::kSquaredError, l2};
  task.recipe.optimizer.name = "lbfgs";
  task.recipe.optimizer.tolerance = 1e-12;
  return task;
}

Task class_removal_task(const std::shared_ptr<const Dataset>& dataset, std::int64_t label,
                        double l2) {
  Task task = removal_task(dataset, 0, l2);
  const Tensor is_forgotten = dataset->targets.eq(label);
  task.forget = task.train.with_rows(is_forgotten.nonzero().squeeze(1));
  task.retain = task.train.with_rows(is_forgotten.logical_not().nonzero().squeeze(1));
  return task;
}

}  // namespace oubli::testing
