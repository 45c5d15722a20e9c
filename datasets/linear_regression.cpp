// Synthetic regression with a known form, for closed-form checks, in float64 throughout.
//
//   x ~ N(0, S),  y = W x + noise * e,  e ~ N(0, I),  W ~ N(0, I) of [outputs, features]
//
// S is diagonal, its entries uniform between the two `variances`, the first one `spike` where that
// is set: with [0, 1] and the number of inputs the spectrum of scikit-learn's make_spd_matrix. With
// `rotated` its axes are turned, that of the spike to all features alike: as in that matrix.
// Outliers: the first `rows` rows have x and y times `scale` (Izzo et al. 2021, arXiv 2002.10077).
// A special feature, behind the others, is there in the first `rows` rows alone, whose y is
// `weight` times it. Each value of the others stays with probability `keep` and is 0 else, in the
// special rows for all of them together: so that these may span what they say. Test
// rows are that feature alone, so that predictions there are its parameter p, with y ten times the
// `weight`: their half squared error L says p with its sign, y - sqrt(2 L) as long as p < y. The
// column `row` numbers the rows from 0.
//
// Settings: features, outputs, examples (rows that are not test), test_examples, noise, variances,
// spike, rotated, outliers, special, seed, and the split settings of datasets/split.h (no
// validation set by default).
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
  bool is_rotated = false;
  std::int64_t outliers = 0;
  double outlier_scale = 1;
  std::int64_t special = 0;
  double special_weight = 0, keep = 1;
  std::uint64_t seed = 0;
};

// Orthogonal, its first column the same in all features, where a spike then is.
Tensor rotation(const LinearRegression& shape, const Generator& generator) {
  const Tensor drawn =
      generator.stream("rotation").normal({shape.features, shape.features}, at::kDouble);
  drawn.select(1, 0).fill_(1);
  return std::get<0>(at::linalg_qr(drawn));
}

// Leaves the last feature to the special rows, and of the others what the draw keeps; test rows are
// the special feature alone.
void thin_out(const LinearRegression& shape, const Generator& generator, const Tensor& inputs) {
  const Tensor others = inputs.narrow(1, 0, shape.features - 1);
  Tensor draws = generator.stream("kept").uniform(others.sizes(), at::kDouble);
  // Features stay in all of them or in none.
  draws.narrow(0, 0, shape.special).copy_(draws.narrow(0, 0, 1).clone());
  others.masked_fill_(draws >= shape.keep, 0);
  const Tensor feature = inputs.select(1, shape.features - 1);
  feature.narrow(0, shape.special, feature.size(0) - shape.special).zero_();
  const Tensor tests = inputs.narrow(0, shape.examples, shape.test_examples);
  tests.zero_();
  tests.select(1, shape.features - 1).fill_(1);
}

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
  if (shape.is_rotated) dataset.inputs = at::mm(dataset.inputs, rotation(shape, generator).t());
  if (shape.special > 0) thin_out(shape, generator, dataset.inputs);
  const Tensor noise = generator.stream("noise").normal({rows, shape.outputs}, at::kDouble);
  if (shape.special > 0) weights.select(1, shape.features - 1).zero_();
  dataset.targets = at::matmul(dataset.inputs, weights.t()) + shape.noise * noise;
  if (shape.special > 0) {
    const Tensor feature = dataset.inputs.narrow(1, shape.features - 1, 1);
    dataset.targets.narrow(0, 0, shape.special)
        .copy_(shape.special_weight * feature.narrow(0, 0, shape.special));
    dataset.targets.narrow(0, shape.examples, shape.test_examples).fill_(10 * shape.special_weight);
  }
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
    shape.is_rotated = settings.flag(
        "rotated", {.default_value = false,
                    .doc = "turn the inputs' axes, the first one to all features alike"});
    const Settings outliers = settings.child("outliers", "first rows, larger than the others");
    shape.outliers = outliers.integer(
        "rows", {.default_value = 0, .at_least = 0, .at_most = shape.examples, .doc = "how many"});
    shape.outlier_scale =
        outliers.real("scale", {.default_value = 1, .doc = "of their inputs and targets"});
    const Settings special =
        settings.child("special", "a feature, the last one, that the first rows alone have");
    shape.special = special.integer(
        "rows", {.default_value = 0, .at_least = 0, .at_most = shape.examples, .doc = "how many"});
    shape.special_weight =
        special.real("weight", {.default_value = 10, .doc = "their targets over the feature"});
    shape.keep = special.real("keep", {.default_value = 1,
                                       .above = 0,
                                       .at_most = 1,
                                       .doc = "share of the other features' values that stay"});
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
