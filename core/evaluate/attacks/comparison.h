// Examples that a membership attack compares an edited set with.
#pragma once

#include <optional>

#include "core/evaluate/metric.h"

namespace oubli {

// The rows of `outside` whose class some row of `rows` has, so that removing a class compares like
// with like; all of `outside` for a regression. May be empty.
Tensor rows_of_same_classes(const Dataset& dataset, const Tensor& outside, const Tensor& rows);

// `count` of the rows, drawn without replacement, in drawn order; all of them, in their own order,
// where there are no more.
Tensor draw_rows(const Tensor& rows, std::int64_t count, Generator generator);

// The examples that attacks with shadow models score: the edited set, then those that the original
// was not trained on, which are the set "held_out", or the test set where there is none. Scores are
// relative to each example's own shadows, so the two need not be alike.
struct Candidates {
  Tensor rows;
  std::int64_t edited = 0;  // how many of the rows, in front

  // Of scores [rows] the ones of either side that are numbers.
  Tensor edited_scores(const Tensor& scores) const;
  Tensor outside_scores(const Tensor& scores) const;
};

// Absent for a regression, and where either side is empty.
std::optional<Candidates> shadow_candidates(const Evaluation& evaluation);

}  // namespace oubli
