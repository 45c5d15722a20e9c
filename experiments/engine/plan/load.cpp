#include "experiments/engine/plan/load.h"

#include <algorithm>

#include "experiments/engine/plan/fitness.h"

namespace oubli {

Experiment load_experiment(const std::filesystem::path& file,
                           const std::vector<std::string>& overrides, const std::string& data,
                           const Registries& registries) {
  Experiment experiment =
      prepare_experiment(load_spec(file, overrides, registries), default_data_folders(data));
  require_fit(experiment);
  return experiment;
}

Plan load_plan(const Experiment& experiment, const Registries& registries) {
  const std::vector<Variant>& variants = experiment.spec.variants;
  const auto is_own = [](const Variant& variant) { return variant.name.empty(); };
  // A given original that no row can edit: the plan would hold nothing.
  if (std::none_of(variants.begin(), variants.end(), is_own))
    require_given_training(experiment.spec);
  Plan plan = make_plan(experiment, registries.metrics);
  require_batches_for_normalisation(experiment, plan);
  return plan;
}

}  // namespace oubli
