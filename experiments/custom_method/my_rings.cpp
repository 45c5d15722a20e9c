// A data source outside oubli's tree: points on two rings, one inside the other.
#include <ATen/ATen.h>

#include "core/base/random.h"
#include "datasets/source.h"
#include "datasets/split.h"

oubli::DataSource my_rings_source() {
  oubli::DataSource source{"my_rings", "synthetic: two rings, one inside the other", {}};
  source.configure = [](const oubli::Settings& settings) {
    const std::int64_t n = settings.integer(
        "examples", {.default_value = 600, .at_least = 10, .doc = "points in all"});
    const double noise = settings.real(
        "noise", {.default_value = 0.1, .at_least = 0, .doc = "deviation of the radius"});
    const auto plan = oubli::SplitPlan::with_test_draw(settings, 0.3, 0.1);
    return [=](const oubli::DataFolders&) {  // called when the data is needed
      const oubli::Generator generator(0);
      const oubli::Tensor angle = 6.2831853 * generator.stream("angle").uniform({n}, at::kDouble);
      oubli::LoadedData loaded;
      oubli::Dataset& data = loaded.dataset;
      data.name = "my_rings";
      data.targets = data.true_targets = at::arange(n).remainder(2);
      const oubli::Tensor radius =
          1 + data.targets + noise * generator.stream("radius").normal({n}, at::kDouble);
      data.inputs = at::stack({radius * angle.cos(), radius * angle.sin()}, 1);
      data.outputs = 2;
      data.class_names = {"inner", "outer"};
      data.validate(data.name);
      loaded.splits = plan.draw(n);
      return loaded;
    };
  };
  return source;
}
