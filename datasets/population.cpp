#include "datasets/population.h"

#include <ATen/ATen.h>

#include <tuple>
#include <utility>

#include "core/data/drawing.h"
#include "datasets/draw.h"
#include "datasets/language/fact_texts.h"

namespace oubli {
namespace {

struct Population {
  Origin noise_origin;
  double label_noise = 0;
  double held_out = 0;
  std::uint64_t seed = 0;
};

Population read(const Settings& settings) {
  Population population;
  population.label_noise = settings.real(
      "label_noise", {.default_value = 0,
                      .at_least = 0,
                      .at_most = 1,
                      .doc = "share of the training rows whose label is drawn at random"});
  population.held_out =
      settings.real("held_out", {.default_value = 0,
                                 .at_least = 0,
                                 .below = 1,
                                 .doc = "share of the training rows, of facts the subjects, that "
                                        "no original is trained on, for attacks to compare with"});
  population.noise_origin = settings.origin("label_noise");
  population.seed = static_cast<std::uint64_t>(
      settings.integer("population_seed", {.default_value = 0,
                                           .at_least = 0,
                                           .at_most = kLargestSeed,
                                           .doc = "seed of drawn labels and of held-out rows"}));
  return population;
}

void draw_labels(const Population& population, LoadedData& data) {
  Dataset& dataset = data.dataset;
  if (dataset.is_sequence()) {
    fail_at(population.noise_origin,
            "'label_noise' draws classes, and these examples are sequences of tokens.");
  }
  if (!dataset.is_classification()) {
    fail_at(population.noise_origin,
            "'label_noise' draws classes, but the targets of this data set are numbers.");
  }
  Generator generator = Generator(population.seed).stream("label noise");
  const Tensor& train = data.splits.train;
  const std::int64_t count = share_of(population.label_noise, train.numel());
  const Tensor rows = drawn_rows(train, count, generator);
  const Tensor labels = random_labels(count, dataset.outputs, generator);
  dataset =
      *Subset{std::make_shared<const Dataset>(dataset), rows, {}}.with_targets(labels).dataset;
}

// Subjects with all their sentences: those that training would have seen are held out, the others
// leave the test split, which is about what training says.
void hold_out_subjects(const Population& population, LoadedData& data) {
  Generator generator = Generator(population.seed).stream("held out");
  const Tensor subject_of =
      at::tensor(data.dataset.columns.at(FactColumns::kSubject).level_of, at::kLong);
  const Tensor trained = subject_of.index_select(0, data.splits.train);
  const Tensor subjects = std::get<0>(at::_unique(trained.index({trained.ge(0)}), true));
  const std::int64_t count = share_of(population.held_out, subjects.numel());
  const Tensor drawn =
      subjects.index_select(0, generator.permutation(subjects.numel()).narrow(0, 0, count));
  const auto divided = [&](const Tensor& rows) {
    const Tensor is_drawn = at::isin(subject_of.index_select(0, rows), drawn);
    return std::pair(rows.index({is_drawn}), rows.index({is_drawn.logical_not()}));
  };
  std::tie(data.held_out, data.splits.train) = divided(data.splits.train);
  data.splits.test = divided(data.splits.test).second;
}

void hold_out(const Population& population, LoadedData& data) {
  if (has_facts(data.dataset)) return hold_out_subjects(population, data);
  Generator generator = Generator(population.seed).stream("held out");
  Tensor& train = data.splits.train;
  const std::int64_t n = train.numel();
  const std::int64_t count = share_of(population.held_out, n);
  const Tensor drawn = train.index_select(0, generator.permutation(n));
  data.held_out = sorted_rows(drawn.narrow(0, 0, count));
  train = sorted_rows(drawn.narrow(0, count, n - count));
}

}  // namespace

DataSource with_population_settings(DataSource source) {
  source.configure = [configure = std::move(source.configure)](const Settings& settings) {
    const auto load = configure(settings);
    const Population population = read(settings);
    return [load, population](const DataFolders& folders) {
      LoadedData data = load(folders);
      if (population.label_noise > 0) draw_labels(population, data);
      if (population.held_out > 0) hold_out(population, data);
      return data;
    };
  };
  return source;
}

}  // namespace oubli
