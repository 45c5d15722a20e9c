// Synthetic classification: one Gaussian cloud of unit covariance for each class.
//
//   y uniform over the classes,  x = separation * c_y + e,  e ~ N(0, I),
//   c_k = g_k / ||g_k||,         g_k ~ N(0, I)
//
// Settings: classes, features, examples (rows that are not test), test_examples, separation, seed,
// and the split settings of datasets/split.h (no validation set by default).
#include <ATen/ATen.h>

#include <utility>

#include "core/base/random.h"
#include "datasets/draw.h"
#include "datasets/source.h"
#include "datasets/split.h"
#include "datasets/turning.h"

namespace oubli {
namespace {

struct GaussianClasses {
  std::int64_t classes = 0;
  std::int64_t features = 0;
  std::int64_t examples = 0;
  std::int64_t test_examples = 0;
  double separation = 0;
  std::uint64_t seed = 0;
};

LoadedData load(const GaussianClasses& shape, const SplitPlan& plan) {
  const Generator generator(shape.seed);
  const std::int64_t rows = shape.examples + shape.test_examples;
  Tensor centres = generator.stream("centres").normal({shape.classes, shape.features}, at::kDouble);
  centres = shape.separation * centres / centres.norm(2, {1}, /*keepdim=*/true);
  LoadedData loaded;
  Dataset& dataset = loaded.dataset;
  dataset.name = "gaussian_classes";
  dataset.targets = generator.stream("labels").integers(0, shape.classes, {rows});
  dataset.true_targets = dataset.targets;
  dataset.outputs = shape.classes;
  for (std::int64_t k = 0; k < shape.classes; ++k) dataset.class_names.push_back(std::to_string(k));
  const Tensor noise = generator.stream("inputs").normal({rows, shape.features}, at::kDouble);
  dataset.inputs = (centres.index_select(0, dataset.targets) + noise).to(at::kFloat);
  dataset.validate(dataset.name);
  loaded.splits = plan.draw(rows, shape.test_examples);
  return loaded;
}

}  // namespace

DataSource gaussian_classes_source() {
  DataSource source{"gaussian_classes", "synthetic: one Gaussian cloud for each class", {}};
  source.configure = [](const Settings& settings) {
    GaussianClasses shape;
    shape.classes = settings.integer(
        "classes", {.default_value = 3, .at_least = 2, .doc = "number of classes"});
    shape.features = settings.integer(
        "features", {.default_value = 10, .at_least = 1, .doc = "inputs of an example"});
    shape.examples = settings.integer(
        "examples", {.default_value = 1000, .at_least = 1, .doc = "examples that are not test"});
    shape.test_examples = settings.integer(
        "test_examples", {.default_value = 500, .at_least = 1, .doc = "test examples"});
    shape.separation =
        settings.real("separation", {.default_value = 3.0,
                                     .at_least = 0,
                                     .doc = "distance of each class's centre from the origin"});
    shape.seed = static_cast<std::uint64_t>(settings.integer(
        "seed",
        {.default_value = 0, .at_least = 0, .at_most = kLargestSeed, .doc = "seed of the data"}));
    require_memory_for_drawn(
        settings, static_cast<double>(shape.examples + shape.test_examples + shape.classes) *
                      static_cast<double>(shape.features + 4));
    const SplitPlan plan = SplitPlan::with_test_files(settings, 0.0);
    return [shape, plan](const DataFolders&) { return load(shape, plan); };
  };
  return with_turning(std::move(source));
}

}  // namespace oubli
