// Which rows of a data set say which fact, and other rows that say it otherwise.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "datasets/source.h"

namespace oubli {

// Why facts cannot be chosen: a sentence; "" where they can.
std::string facts_problem(const Dataset& dataset);

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
  std::map<std::pair<std::int32_t, std::int32_t>, std::int64_t> numbers_;  // subject, relation
};

// Facts that follow from others (fact_texts.h); nothing where a data set has none.
class DerivedFacts {
 public:
  DerivedFacts(const Dataset& dataset, const FactIndex& index);

  bool any() const { return from_ != nullptr; }
  // The fact that a row's follows from; -1 where it follows from none.
  std::int64_t source(std::int64_t row) const;
  // Whether no sentence that is trained on says what the row says.
  bool is_unsaid(std::int64_t row) const;
  // The level of the object that a row's fact has once the fact that it follows from has this one;
  // -1 where nothing follows.
  std::int32_t object_from(std::int64_t row, std::int32_t object) const;

 private:
  const Dataset& dataset_;
  const FactIndex& index_;
  const RowColumn* from_ = nullptr;
};

// The levels of the column `object` that training rows of a relation have, ascending.
std::vector<std::int32_t> objects_of_relation(const Dataset& dataset, std::int64_t relation);

// By the number of the fact: the level of the object that `train` rows say of it; -1 where none
// does.
std::vector<std::int32_t> present_objects(const Dataset& dataset, const Tensor& train);

struct FactRows {
  Tensor before;  // int64: training rows that say the facts as they were, sorted
  Tensor after;   // training rows that say them as they are to be, sorted; behind all others
};

// Appends, for every row that says one of these facts, one that says the same with another object:
// those of the training split to the training split, the others to the test split; and for every
// unsaid fact that follows from one of them the rows that ask for what follows now, where that is
// another object. `objects` has a level of the column `object` for each fact. `before` are taken
// from `train`, rows that are trained on now. Error(kTask) where a sentence gets longer than
// sequences are.
FactRows append_changed_facts(LoadedData& data, const Tensor& train, const Tensor& facts,
                              const std::vector<std::int32_t>& objects);

}  // namespace oubli
