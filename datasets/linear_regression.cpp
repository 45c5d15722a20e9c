// Synthetic regression with a known form, for closed-form checks, in float64 throughout.
//
//   x ~ N(0, S),  y = W x + noise * e,  e ~ N(0, I),  W ~ N(0, I) of [outputs, features]
//
// S is diagonal, its entries uniform between the two `variances`, the first one `spike` where that
// is set: with [0, 1] and the number of inputs the spectrum of scikit-learn's make_spd_matrix.
// Outliers: the first `rows` rows have x and y times `scale` (Izzo et al. 2021, arXiv 2002.10077).
// The column `row` numbers the rows from 0.
//
// Settings: features, outputs, examples (rows that are not test), test_examples, noise, variances,
// spike, outliers, seed, and the split settings of datasets/split.h (no validation set by default).
#include <ATen/ATen.h>

#include <cmath>
#include <numeric>
#include <vector>

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
  std::vector<double> variances;  // from, to
  double spike = 0;
  std::int64_t outliers = 0;
  double outlier_scale = 1;
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
  const double from = shape.variances[0], to = shape.variances[1];
  if (from != 1 || to != 1) {
    const Tensor drawn = generator.stream("variances").uniform({shape.features}, at::kDouble);
    dataset.inputs.mul_((from + (to - from) * drawn).sqrt());
  }
  if (shape.spike > 0) {
    Tensor first = dataset.inputs.select(1, 0);
    first.copy_(generator.stream("spike").normal({rows}, at::kDouble)).mul_(std::sqrt(shape.spike));
  }
  const Tensor noise = generator.stream("noise").normal({rows, shape.outputs}, at::kDouble);
  dataset.targets = at::matmul(dataset.inputs, weights.t()) + shape.noise * noise;
  if (shape.outliers > 0) {
    dataset.inputs.narrow(0, 0, shape.outliers).mul_(shape.outlier_scale);
    dataset.targets.narrow(0, 0, shape.outliers).mul_(shape.outlier_scale);
  }
  dataset.true_targets = dataset.targets;
  RowColumn& number = dataset.columns["row"];
  number.numbers.resize(static_cast<std::size_t>(rows));
  std::iota(number.numbers.begin(), number.numbers.end(), 0.0);
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
    shape.variances = settings.reals("variances", {{1, 1}},
                                     {.at_least = 0, .doc = "of the inputs, uniform from, to"});
    if (shape.variances.size() != 2 || shape.variances[0] > shape.variances[1]) {
      settings.fail("variances", "two numbers were expected, the smaller one first: [1, 2].");
    }
    shape.spike = settings.real("spike", {.default_value = 0,
                                          .at_least = 0,
                                          .doc = "variance of the first input; 0: as the others"});
    const Settings outliers = settings.child("outliers", "first rows, larger than the others");
    shape.outliers = outliers.integer(
        "rows", {.default_value = 0, .at_least = 0, .at_most = shape.examples, .doc = "how many"});
    shape.outlier_scale =
        outliers.real("scale", {.default_value = 1, .doc = "of their inputs and targets"});
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
