// Other answers in sentences: the old answer's tokens leave, the new ones stand in their place.
#pragma once

#include "core/data/dataset.h"

namespace oubli {

// Puts another answer, int64 [k], into the place of a row's own, where it is asked and where it is
// read; what stands behind it moves. Writes into the data set's tensors: those of a copy must be
// its own. Error(kTask) where the sentence gets longer than sequences are.
void replace_answer(Dataset& dataset, std::int64_t row, const Tensor& answer);

// The same sentences with other answers, one for each of `rows`, over a data set that differs in
// them alone: other rows of it keep theirs, and rows keep their numbers. Error(kTask) as above.
Subset with_answers(const Subset& subset, const Tensors& answers);

}  // namespace oubli
