// What is to be said in the place of what is forgotten: the same sentences with another answer.
//
//   alternative to a sentence = the added sentence that asks the same, in a change of facts; else
//                               the sentence with `answer` in the place of its answer
//
// so that a method which teaches alternatives teaches the new fact where there is one, rather than
// that nothing is known. Alternatives have the rows' numbers of the sentences that they are for.
#pragma once

#include <string>

#include "core/base/settings.h"
#include "core/unlearn/task.h"

namespace oubli {

// Reads `answer`: words of the vocabulary, with blanks between them.
std::string read_answer(const Settings& settings);

// Of the task's forget set. Error(kTask) where a word is not in the vocabulary, which names the
// nearest, and where a sentence gets longer than sequences are.
Subset alternatives_to(const Task& task, const std::string& answer);

// The alternatives to a batch's sentences, in its order, with its weights.
Batch alternative_batch(const Subset& alternatives, const Batch& batch);

// The examples of two batches as one, those of `a` first.
Batch joined(const Batch& a, const Batch& b);

}  // namespace oubli
