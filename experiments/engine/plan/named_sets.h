// Sets of test examples that metrics are taken on beside those that every experiment has: one more
// column of each metric for each.
//
//   evaluate:
//     sets:
//       late: {where: {column: time, at_least: 6}}     by what a column says
//       ships: {class: ship}                           by class
//     against: replay                                  and a row, for the metric way_left
//
// Errors: Error(kSettings) for a name that is taken or no name, and for another selector;
// Error(kTask), located at the set, where no test example is in it.
#pragma once

#include <string>
#include <vector>

#include "core/base/settings.h"
#include "core/evaluate/metric.h"
#include "datasets/selectors/selector.h"
#include "datasets/source.h"

namespace oubli {

struct NamedSet {
  std::string name;
  Choose choose;
  Origin origin;
};

// What `evaluate` says.
struct EvaluationSettings {
  std::vector<NamedSet> sets;
  std::string against;  // the row that the metric way_left holds others against; "" for none
  Origin against_origin;
};
EvaluationSettings read_evaluation(const Settings& root);

std::vector<std::string> names_of(const std::vector<NamedSet>& sets);

// Their rows, of the test examples.
std::vector<NamedRows> rows_of(const std::vector<NamedSet>& sets, const Dataset& dataset,
                               const Splits& splits);

}  // namespace oubli
