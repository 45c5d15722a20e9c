// What an edit asks of single facts: in which sentences each is asked for, and what is to be
// answered there. What editors of knowledge are told.
//
//   a fact of task.added                     its answer there: facts that are changed or new
//   a fact of task.forget, not of the added  one token that says that nothing is known: removed
//
// A fact is asked for in the training wordings that its rows have, each once however often it is
// repeated. Of a sentence what stands before the answer matters, since what comes later is not
// seen, and the answer, whose tokens are read one after another (teacher forcing).
#pragma once

#include <string>

#include "core/base/settings.h"
#include "core/unlearn/task.h"

namespace oubli {

// Where a sentence is edited: at the subject's last token, which stands for all that is known of
// it, or at the last token before the answer, where the answer is read off.
enum class EditedToken { kSubject, kAnswer };

struct FactEdits {
  Tensor facts;       // int64 [r]: their numbers, ascending
  Tensor is_removed;  // bool [r]
  // Sentences, those of a fact one after another.
  Tensor request;           // int64 [n]: which of the r each asks for
  Tensor rows;              // int64 [n]: of the data set
  Tensor inputs;            // [n, positions], as a batch's
  Tensor answers;           // int64 [n, positions]: the new answer's tokens, kNoTarget elsewhere
  Tensor subject_end;       // int64 [n]: the position where the subject's last token is read
  Tensor answer_begin;      // int64 [n]: the position whose next token is the answer's first
  std::int64_t others = 0;  // rows of the edit that state no fact: nothing is done about them

  std::int64_t size() const { return facts.numel(); }
  bool empty() const { return size() == 0; }
  const Tensor& places(EditedToken token) const {
    return token == EditedToken::kSubject ? subject_end : answer_begin;
  }
  // One of the r by itself.
  FactEdits only(std::int64_t one) const;
  // Every sentence as a fact of its own.
  FactEdits by_sentence() const;
  // Means over the sentences of each fact: [n, ...] -> [r, ...]; the values of its first sentence.
  Tensor means(const Tensor& values) const;
  Tensor first(const Tensor& values) const;
};

// [r, n]: a row takes the mean over those of n things that belong to a fact (request, int64 [n]),
// or 0 where there are none; of the type of `like`.
Tensor averaging_over(const Tensor& request, std::int64_t facts, const Tensor& like);

// Reads `answer`: what is to be said of removed facts.
std::string read_removed_answer(const Settings& settings);

// Throws Error(kTask) where the data has no sequences that state facts, where two answers are asked
// for one fact, and where a fact is removed and the vocabulary has no `removed_answer`.
FactEdits fact_edits(const Task& task, const std::string& removed_answer, at::ScalarType dtype);

}  // namespace oubli
