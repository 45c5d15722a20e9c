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
  // What is asked of a sequence, by places of its words from 0.
  struct Asked {
    std::size_t answer = 0, answer_size = 1;
    std::size_t subject_end = 0;  // the subject's last word, where there is a fact
    std::int64_t fact = -1;
  };
  void add(const std::vector<std::string>& words, const Asked& asked);
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
    Asked asked;
  };
  Vocabulary vocabulary_;
  std::vector<Row> rows_;
};

}  // namespace oubli
