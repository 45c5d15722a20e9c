// Facts as metrics of language models see them: which sentences state the same thing, which ask the
// same question, and what else could have been said.
//
//   statement  a fact with its object, "Lea Roth, city, Arlow", whatever the wording. Where a
//              belief is changed, two statements are of one fact: what it was and is to be
//   prompt     what a sentence reads up to its answer, "Lea Roth lives in"
//   choices    the different objects that sentences of a relation have in the data set, V of them
//
// Values of rows become values of statements by their mean, so that a fact counts once however many
// wordings it has, and however often training repeats them.
#pragma once

#include <cstdint>
#include <vector>

#include "core/data/dataset.h"

namespace oubli {

// Rows in groups, numbered from 0 by the order of the groups' own numbers.
struct RowGroups {
  Tensor group_of;  // int64 [rows]
  std::int64_t count = 0;

  Tensor mean(const Tensor& values) const;  // values [rows] give [count]
};

class FactTable {
 public:
  // Whether rows of the data set state facts, and say in columns which.
  static bool is_in(const Dataset& dataset);
  // Error(kUsage) where there are none. Cost: O(n).
  explicit FactTable(std::shared_ptr<const Dataset> dataset);

  // Those of the rows that state a fact.
  Tensor stating(const Tensor& rows) const;
  // Of rows that state facts, int64 [rows]: the relation's level, V, and which statement.
  Tensor relations(const Tensor& rows) const { return relation_.index_select(0, rows); }
  // Of all rows, -1 without a fact.
  const Tensor& relations() const { return relation_; }
  const Tensor& subjects() const { return subject_; }
  Tensor choices(const Tensor& rows) const;
  Tensor statements(const Tensor& rows) const { return statement_.index_select(0, rows); }
  RowGroups by_statement(const Tensor& rows) const;
  // For each row the first of these rows with the same prompt: int64 [rows].
  Tensor prompts(const Tensor& rows) const;

  // The tokens that choices of a relation begin with, int64, each once: V of them where no two
  // begin alike.
  const Tensor& tokens(std::int64_t relation) const {
    return tokens_[static_cast<std::size_t>(relation)];
  }
  std::int64_t relation_count() const { return static_cast<std::int64_t>(tokens_.size()); }

 private:
  std::shared_ptr<const Dataset> dataset_;
  Tensor subject_, relation_, statement_;  // int64 [n], -1 of rows without a fact
  Tensor choices_;                         // int64 [relations]
  std::vector<Tensor> tokens_;             // of each relation
};

}  // namespace oubli
