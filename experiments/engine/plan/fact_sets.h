// What an edit of facts is looked for in: sets of sentences that training never sees, beside those
// that every experiment has.
//
//   forget_reworded   the facts that leave, in held-out wordings
//   added_reworded    the facts that enter, in held-out wordings
//   same_subject      other facts of the subjects that the edit is about
//   same_relation     the same relations of others; where the edit is about all, that is `test`
//   same_value        facts of others that have an object which left or entered, in its relation
//   derived           what follows from facts and no sentence says, of subjects that the edit is
//                     not about: whether the model derives it
//   forget_derived    what followed from facts that leave, and does no longer
//   added_derived     what follows from facts that enter
//   text              running text without facts
//
// and `test` is what is left of the test split, all facts that the edit is not about, of which
// `same_subject`, `same_relation` and `same_value` are parts. A fact leaves when no sentence that
// oracles are trained on says it any more. Of a data set that says no facts nothing changes.
#pragma once

#include <vector>

#include "core/evaluate/metric.h"
#include "core/unlearn/task.h"

namespace oubli {

// Adds those that are not empty, and takes what is not about kept facts out of the task's test set.
// `unknown`: rows of the retain set that oracles lack.
void take_fact_sets(Task& task, const Tensor& unknown, std::vector<NamedRows>& sets);

}  // namespace oubli
