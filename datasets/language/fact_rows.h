// Which rows of a data set say which fact, and other rows that say it otherwise.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "datasets/source.h"

namespace oubli {

// The number of each row's fact, subject and relation together; -1 for a row that says none. int64
// [n]. Error(kTask) for a data set whose rows say no facts.
Tensor fact_numbers(const Dataset& dataset);
// Of a fact, as it is written: level numbers in its columns.
std::int64_t fact_number(const Dataset& dataset, std::int64_t subject, std::int64_t relation);
std::int64_t subject_of_fact(const Dataset& dataset, std::int64_t fact);
std::int64_t relation_of_fact(const Dataset& dataset, std::int64_t fact);

// The levels of the column `object` that training rows of a relation have, ascending.
std::vector<std::int32_t> objects_of_relation(const Dataset& dataset, std::int64_t relation);

struct FactRows {
  Tensor before;  // int64: training rows that say the facts as they were, sorted
  Tensor after;   // training rows that say them as they are to be, sorted; behind all others
};

// Appends, for every row that says one of these facts, one that says the same with another object:
// those of the training split to the training split, the others to the test split. `objects` has a
// level of the column `object` for each fact. `before` are taken from `train`, rows that are
// trained on now. Error(kTask) where a sentence gets longer than sequences are.
FactRows append_changed_facts(LoadedData& data, const Tensor& train, const Tensor& facts,
                              const std::vector<std::int32_t>& objects);

}  // namespace oubli
