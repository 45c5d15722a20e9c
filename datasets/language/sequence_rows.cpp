#include "datasets/language/sequence_rows.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <utility>

namespace oubli {

void SequenceRows::add(const std::vector<std::string>& words, const Asked& asked) {
  Row row{.tokens = vocabulary_.numbers(words), .asked = asked};
  if (!asked.before.empty()) row.before = vocabulary_.number(asked.before);
  if (asked.ends) row.tokens.push_back(Vocabulary::kEnd);
  rows_.push_back(std::move(row));
}

void SequenceRows::fill(Dataset& dataset, std::int64_t context) const {
  std::size_t longest = 0;
  for (const Row& row : rows_) longest = std::max(longest, row.tokens.size());
  const std::int64_t positions = std::max(context, static_cast<std::int64_t>(longest));
  const std::int64_t n = size();
  dataset.inputs = at::full({n, positions}, Vocabulary::kEnd, at::kInt);
  Sequences& sequences = dataset.sequences;
  sequences.next = at::full({n, positions}, kNoTarget, at::kLong);
  sequences.answer_begin = at::empty({n}, at::kLong);
  sequences.answer_size = at::empty({n}, at::kLong);
  sequences.subject_end = at::full({n}, -1, at::kLong);
  sequences.fact = at::full({n}, -1, at::kLong);
  auto* inputs = dataset.inputs.mutable_data_ptr<std::int32_t>();
  auto* next = sequences.next.mutable_data_ptr<std::int64_t>();
  for (std::int64_t i = 0; i < n; ++i) {
    const Row& row = rows_[static_cast<std::size_t>(i)];
    const auto length = static_cast<std::int64_t>(row.tokens.size());
    const auto from = static_cast<std::int64_t>(row.asked.from);
    // The word at place k is what comes next at position k, and is read at the one behind.
    std::int64_t read = row.before;
    for (std::int64_t t = 0; t < length; ++t) {
      inputs[i * positions + t] = static_cast<std::int32_t>(read);
      read = row.tokens[static_cast<std::size_t>(t)];
      if (t >= from) next[i * positions + t] = read;
    }
    sequences.answer_begin[i] = static_cast<std::int64_t>(row.asked.answer);
    sequences.answer_size[i] = static_cast<std::int64_t>(row.asked.answer_size);
    if (row.asked.fact < 0) continue;
    sequences.subject_end[i] = static_cast<std::int64_t>(row.asked.subject_end) + 1;
    sequences.fact[i] = row.asked.fact;
  }
  dataset.targets = sequences.next.gather(1, sequences.answer_begin.unsqueeze(1)).squeeze(1);
  dataset.true_targets = dataset.targets;
  dataset.outputs = vocabulary_.size();
  dataset.class_names = vocabulary_.words();
  dataset.is_fitted_to_rows = true;  // the vocabulary is that of all rows
}

}  // namespace oubli
