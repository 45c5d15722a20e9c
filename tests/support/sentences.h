// Sequences of a data set as texts, for tests that read them.
#pragma once

#include <string>

#include "core/data/dataset.h"

namespace oubli::testing {

// The tokens that a row reads, joined by blanks.
inline std::string text_read(const Dataset& dataset, std::int64_t row) {
  std::string text;
  for (std::int64_t t = 0; t < dataset.inputs.size(1); ++t) {
    const auto token = dataset.inputs[row][t].item<std::int64_t>();
    text += (t == 0 ? "" : " ") + dataset.class_names[static_cast<std::size_t>(token)];
  }
  return text;
}

// The tokens that a row is asked for, "_" where it is asked for nothing; of the answer alone where
// that is wanted.
inline std::string text_asked(const Dataset& dataset, std::int64_t row, bool answer = false) {
  const Sequences& sequences = dataset.sequences;
  const auto begin = sequences.answer_begin[row].item<std::int64_t>();
  const auto size = sequences.answer_size[row].item<std::int64_t>();
  std::string text;
  for (std::int64_t t = answer ? begin : 0; t < (answer ? begin + size : sequences.positions());
       ++t) {
    const auto token = sequences.next[row][t].item<std::int64_t>();
    text += (text.empty() ? "" : " ") +
            (token < 0 ? "_" : dataset.class_names[static_cast<std::size_t>(token)]);
  }
  return text;
}

}  // namespace oubli::testing
