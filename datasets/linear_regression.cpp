// Synthetic regression with a known form, for closed-form checks, in float64 throughout.
//
//   x ~ N(0, I),  y = W x + noise * e,  e ~ N(0, I),  W ~ N(0, I) of [outputs, features]
//
// Settings: features, outputs, examples (rows that are not test), test_examples, noise, seed, and
// the split settings of datasets/split.h (no validation set by default).
#include <ATen/ATen.h>

#include "core/base/random.h"
#include "datasets/draw.h"
#include "datasets/source.h"
#include "datasets/split.h"

namespace oubli {
namespace {

struct LinearRegression {
  std::int64_t features = 0;
  std::int64_t outputs = 0;
  std::int64_t examples = 0;
  std::int64_t test_examples = 0;
  double noise = 0;
  std::uint64_t seed = 0;
};

LoadedData load(const LinearRegression& shape, const SplitPlan& plan) {
  const Generator generator(shape.seed);
  const std::int64_t rows = shape.examples + shape.test_examples;
  const Tensor weights =
      generator.stream("weights").normal({shape.outputs, shape.features}, at::kDouble);
  LoadedData loaded;
  Dataset& dataset = loaded.dataset;
  dataset.name = "linear_regression";
  dataset.inputs = generator.stream("inputs").normal({rows, shape.features}, at::kDouble);
  const Tensor noise = generator.stream("noise").normal({rows, shape.outputs}, at::kDouble);
  dataset.targets = at::matmul(dataset.inputs, weights.t()) + shape.noise * noise;
  dataset.true_targets = dataset.targets;
  dataset.outputs = shape.outputs;
  dataset.validate(dataset.name);
  loaded.splits = plan.draw(rows, shape.test_examples);
  return loaded;
}

}  // namespace

DataSource linear_regression_source() {
  DataSource source{"linear_regression", "synthetic: a linear map with Gaussian noise", {}};
  source.configure = [](const Settings& settings) {
    LinearRegression shape;
    shape.features = settings.integer(
        "features", {.default_value = 10, .at_least = 1, .doc = "inputs of an example"});
    shape.outputs = settings.integer(
        "outputs", {.default_value = 1, .at_least = 1, .doc = "targets of an example"});
    shape.examples = settings.integer(
        "examples", {.default_value = 1000, .at_least = 1, .doc = "examples that are not test"});
    shape.test_examples = settings.integer(
        "test_examples", {.default_value = 500, .at_least = 1, .doc = "test examples"});
    shape.noise = settings.real(
        "noise",
        {.default_value = 0.1, .at_least = 0, .doc = "deviation of the noise on the targets"});
    shape.seed = static_cast<std::uint64_t>(settings.integer(
        "seed",
        {.default_value = 0, .at_least = 0, .at_most = kLargestSeed, .doc = "seed of the data"}));
    require_memory_for_drawn(
        settings, static_cast<double>(shape.examples + shape.test_examples + shape.outputs) *
                      static_cast<double>(shape.features + shape.outputs));
    const SplitPlan plan = SplitPlan::with_test_files(settings, 0.0);
    return [shape, plan](const DataFolders&) { return load(shape, plan); };
  };
  return source;
}

}  // namespace oubli
