// Which rows of a data set say which fact, and other rows that say it otherwise.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "datasets/source.h"

namespace oubli {

// The number of each row's fact, -1 for a row that says none: int64 [n]. Error(kTask) for a data
// set whose rows say no facts.
const Tensor& fact_numbers(const Dataset& dataset);

// What is known of the facts of a data set, by number: levels of its columns.
class FactIndex {
 public:
  explicit FactIndex(const Dataset& dataset);

  struct Entry {
    std::int32_t subject = -1, relation = -1;
    std::int32_t object = -1;  // of the first row that says the fact
  };
  const Entry& at(std::int64_t fact) const { return entries_[static_cast<std::size_t>(fact)]; }
  // -1 where nothing is said of it.
  std::int64_t find(std::int32_t subject, std::int32_t relation) const;

 private:
  std::vector<Entry> entries_;
};

// The levels of the column `object` that training rows of a relation have, ascending.
std::vector<std::int32_t> objects_of_relation(const Dataset& dataset, std::int64_t relation);

// The level of the object that `train` rows, some of which say the fact, say of it.
std::int32_t present_object(const Dataset& dataset, const Tensor& train, std::int64_t fact);

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
