// What corruptions of training rows do to an experiment: the data that models are trained on, and
// sets of test examples on which their traces are looked for.
//
//   triggered       copies of test examples with the trigger of a backdoor, of other classes than
//                   its target, with their true labels: rows behind those of the data set
//   group, others   test examples in the group of a biased selection, and all others
//
// Errors: Error(kSettings) where two requests plant different ones.
#pragma once

#include <vector>

#include "core/evaluate/metric.h"
#include "experiments/engine/plan/edits.h"

namespace oubli {

struct PlantedSets {
  std::vector<NamedRows> sets;  // those that are not empty
  Planted aims;
};

// Corrupts the data set as the edits' selections say.
PlantedSets plant(const std::vector<DrawnEdit>& edits, const Origin& origin, Dataset& dataset);

}  // namespace oubli
