// Collects sequences of words into the tensors of a data set.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/data/dataset.h"
#include "datasets/language/vocabulary.h"

namespace oubli {

class SequenceRows {
 public:
  // Words from `answer` on, so many, are the answer; both count from the sequence's first word.
  void add(const std::vector<std::string>& words, std::size_t answer, std::size_t answer_size);
  std::int64_t size() const { return static_cast<std::int64_t>(rows_.size()); }

  // Fills inputs, targets, sequences, outputs and the classes' names of the data set:
  //
  //   inputs   <s> w_1 ... w_k <s> ...      next   w_1 ... w_k <s> (nothing asked) ...
  //
  // as long as the longest sequence, or `context` where that is more.
  void fill(Dataset& dataset, std::int64_t context) const;

 private:
  struct Row {
    std::vector<std::int64_t> tokens;
    std::int64_t answer = 0, answer_size = 1;
  };
  Vocabulary vocabulary_;
  std::vector<Row> rows_;
};

}  // namespace oubli
