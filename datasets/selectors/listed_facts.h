// Facts that a CSV file lists, for a selector or a change.
#pragma once

#include <cstdint>
#include <vector>

#include "datasets/selectors/fact_choice.h"
#include "datasets/selectors/wanted_facts.h"

namespace oubli {

// The facts of the file in its order, of `facts`, ascending numbers; `says_objects`: and what they
// become, a column of it. Error(kTask) with all lines that are about no such fact, twice about one,
// or say what `train` rows say already.
ChosenFacts facts_of_file(const Dataset& dataset, const Tensor& train,
                          const std::vector<std::int64_t>& facts, const WantedFacts& wanted,
                          bool says_objects);

}  // namespace oubli
