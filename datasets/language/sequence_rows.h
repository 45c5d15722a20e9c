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
  // A word that methods can answer with where something is to be known no more (methods/idk.cpp):
  // no sentence has it, and every vocabulary does.
  static constexpr const char* kUnknown = "unknown";

  SequenceRows() { vocabulary_.number(kUnknown); }

  // What is asked of a sequence, by places of its words from 0.
  struct Asked {
    std::size_t answer = 0, answer_size = 1;
    std::size_t subject_end = 0;  // the subject's last word, where there is a fact
    std::int64_t fact = -1;
    // Of a stretch of a longer text.
    std::string before = {};  // the word that stands before it and is read first; "": none
    std::size_t from = 0;     // the first word that is asked, those before it are only read
    bool ends = true;         // whether the text ends with it, which is then asked too
  };
  void add(const std::vector<std::string>& words, const Asked& asked);
  std::int64_t size() const { return static_cast<std::int64_t>(rows_.size()); }

  // Fills inputs, targets, sequences, outputs and the classes' names of the data set:
  //
  //   inputs   <s> w_1 ... w_k <s> ...      next   w_1 ... w_k <s> (nothing asked) ...
  //
  // or, of a stretch that is not the text's first and last one,
  //
  //   inputs   w_0 w_1 ... w_{k-1} <s> ...  next   w_1 ... w_k (nothing asked) ...
  //
  // as long as the longest sequence, or `context` where that is more.
  void fill(Dataset& dataset, std::int64_t context) const;

 private:
  struct Row {
    std::int64_t before = Vocabulary::kEnd;
    std::vector<std::int64_t> tokens;  // that come next, the end among them where it is asked
    Asked asked;
  };
  Vocabulary vocabulary_;
  std::vector<Row> rows_;
};

}  // namespace oubli
