// What can be said of one given original and of models edited from it: not whether the method gives
// retrained models, for which there would have to be several originals, but where these models lie
// among the oracles.
//
//   among the oracles   no decisive column is further out than one more retrained model would be,
//                       by a t-test of a single value against the oracles', Holm's correction over
//                       the columns
//   apart from the oracles (under-forgets, ...)   some column is
//
// A model's value is the mean over its runs. With few oracles the intervals are wide and much is
// among them: "among" is not "indistinguishable".
#pragma once

#include "experiments/engine/report/verdict.h"

namespace oubli {

// `decisive`: the columns that decide.
RowVerdict place_row(const Results& results, const RowResult& row,
                     const std::vector<std::string>& decisive);

}  // namespace oubli
