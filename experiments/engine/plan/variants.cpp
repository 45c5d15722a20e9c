#include "experiments/engine/plan/variants.h"

#include <fmt/format.h>

#include <algorithm>

namespace oubli {
namespace {

Variant asked_for(const MethodRow& row, const TrainingRecipe& recipe) {
  Variant variant{row.name, row.unlearner->training_plan({recipe}), {}};
  if (variant.plan.recipe.objective.loss != recipe.objective.loss) {
    fail_at(row.origin, fmt::format("'{}' asks for originals trained with another loss than the "
                                    "experiment's, which its metrics could not compare.",
                                    row.name));
  }
  variant.description = variant.plan.to_json();
  if (row.sweep) {
    for (const Trial& trial : row.sweep->trials) {
      if (trial.unlearner->training_plan({recipe}).to_json() == variant.description) continue;
      fail_at(row.origin, fmt::format("the sweep of '{}' changes how originals are trained: trials "
                                      "are of one original. Make a row of each.",
                                      row.name));
    }
  }
  if (variant.description == TrainingPlan{recipe}.to_json()) variant = {"", {recipe}, {}};
  return variant;
}

}  // namespace

std::vector<Variant> variants_of(const TrainingRecipe& recipe, std::vector<MethodRow>& rows) {
  std::vector<Variant> asked, variants;
  for (const MethodRow& row : rows) asked.push_back(asked_for(row, recipe));
  const auto is_own = [](const Variant& variant) { return variant.description.is_null(); };
  if (asked.empty() || std::any_of(asked.begin(), asked.end(), is_own)) {
    variants.push_back({"", {recipe}, {}});
  }
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto found = std::find_if(variants.begin(), variants.end(), [&](const Variant& other) {
      return other.description == asked[i].description;
    });
    rows[i].variant = static_cast<std::size_t>(found - variants.begin());
    if (found == variants.end()) variants.push_back(std::move(asked[i]));
  }
  return variants;
}

}  // namespace oubli
