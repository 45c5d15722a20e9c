// The variants of an experiment: rows whose methods ask for the same training share originals,
// oracles, attackers' models and a noise floor, and are held against these and no others.
//
// Where no method asks for anything there is one variant, which has no name.
#pragma once

#include <string>
#include <vector>

#include "core/unlearn/training_plan.h"
#include "experiments/engine/plan/rows.h"

namespace oubli {

struct Variant {
  std::string name;  // of the first row that asks for it; empty: trained as the experiment says
  TrainingPlan plan;
  Json description;  // of the plan, for keys; null where it is the experiment's own

  // A row's name in this variant: "original", "original (clipped)".
  std::string row(const std::string& base) const {
    return name.empty() ? base : base + " (" + name + ")";
  }
};

// Those that rows use, the experiment's own first where it is one of them; numbers the rows.
// Error(kSettings) where a method asks for another loss, or the trials of a sweep for different
// trainings.
std::vector<Variant> variants_of(const TrainingRecipe& recipe, std::vector<MethodRow>& rows);

}  // namespace oubli
