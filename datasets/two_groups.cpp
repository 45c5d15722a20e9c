// Synthetic decisions about people of two groups, which are fair: whether somebody is granted
// depends on merit, and on nothing else.
//
//   group g = 1 with probability `minority`, else 0;   label y = 1 (granted) or 0 with probability
//   1/2, whatever the group;   x = (2 y - 1) (separation / 2) e_1 + (2 g - 1) (apart / 2) e_2 + e,
//   e ~ N(0, I)
//
// e_1 and e_2 the first two axes: feature 1 says what is deserved, feature 2 who it is, the others
// nothing. The best rule looks at feature 1 only, with accuracy Phi(separation / 2). The column
// `group` says a (0) or b (1), for selectors; it is no feature.
//
// Settings: features, examples (rows that are not test), test_examples, minority, separation,
// apart, seed, and the split settings of datasets/split.h (a tenth of the rows for validation).
#include <ATen/ATen.h>

#include "core/base/random.h"
#include "datasets/draw.h"
#include "datasets/source.h"
#include "datasets/split.h"

namespace oubli {
namespace {

struct TwoGroups {
  std::int64_t features = 0, examples = 0, test_examples = 0;
  double minority = 0, separation = 0, apart = 0;
  std::uint64_t seed = 0;
};

// [rows] of -1 and 1.
Tensor signs(const Tensor& is_one) { return 2 * is_one.to(at::kDouble) - 1; }

LoadedData load_two_groups(const TwoGroups& shape, const SplitPlan& plan) {
  const Generator generator(shape.seed);
  const std::int64_t rows = shape.examples + shape.test_examples;
  const Tensor in_minority =
      generator.stream("groups").uniform({rows}, at::kDouble).lt(shape.minority);
  LoadedData loaded;
  Dataset& dataset = loaded.dataset;
  dataset.name = "two_groups";
  dataset.targets = generator.stream("labels").integers(0, 2, {rows});
  dataset.true_targets = dataset.targets;
  dataset.outputs = 2;
  dataset.class_names = {"refused", "granted"};
  Tensor inputs = generator.stream("inputs").normal({rows, shape.features}, at::kDouble);
  inputs.select(1, 0).add_(signs(dataset.targets), shape.separation / 2);
  inputs.select(1, 1).add_(signs(in_minority), shape.apart / 2);
  dataset.inputs = inputs.to(at::kFloat);
  RowColumn group;
  group.levels = {"a", "b"};
  group.level_of = as_vector<std::int32_t>(in_minority);
  dataset.columns["group"] = std::move(group);
  dataset.validate(dataset.name);
  loaded.splits = plan.draw(rows, shape.test_examples);
  return loaded;
}

TwoGroups read_two_groups(const Settings& settings) {
  TwoGroups shape;
  shape.features = settings.integer(
      "features", {.default_value = 10, .at_least = 2, .doc = "inputs of an example"});
  shape.examples = settings.integer(
      "examples", {.default_value = 2000, .at_least = 1, .doc = "examples that are not test"});
  shape.test_examples = settings.integer(
      "test_examples", {.default_value = 2000, .at_least = 1, .doc = "test examples"});
  shape.minority = settings.real(
      "minority", {.default_value = 0.3, .at_least = 0, .at_most = 1, .doc = "share of group b"});
  shape.separation = settings.real(
      "separation", {.default_value = 3.0,
                     .at_least = 0,
                     .doc = "of those who are granted from those who are refused, in deviations"});
  shape.apart = settings.real(
      "apart",
      {.default_value = 4.0, .at_least = 0, .doc = "of the groups from each other, in deviations"});
  shape.seed = static_cast<std::uint64_t>(settings.integer(
      "seed",
      {.default_value = 0, .at_least = 0, .at_most = kLargestSeed, .doc = "seed of the data"}));
  return shape;
}

}  // namespace

DataSource two_groups_source() {
  DataSource source{"two_groups", "synthetic: fair decisions about two groups", {}};
  source.configure = [](const Settings& settings) {
    const TwoGroups shape = read_two_groups(settings);
    require_memory_for_drawn(settings, static_cast<double>(shape.examples + shape.test_examples) *
                                           static_cast<double>(shape.features + 4));
    const SplitPlan plan = SplitPlan::with_test_files(settings, 0.1);
    return [shape, plan](const DataFolders&) { return load_two_groups(shape, plan); };
  };
  return source;
}

}  // namespace oubli
