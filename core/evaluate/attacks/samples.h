// Examples for attacks that fit something: balanced, and fitted and judged on different ones.
// Nothing is drawn, so every model is attacked with the same examples: where the order of the rows
// means nothing, as in a drawn forget set, every k-th row is as good as a draw.
#pragma once

#include <optional>
#include <string_view>

#include "core/evaluate/metric.h"

namespace oubli {

// The sets of a classifier that attacks fit to and judge on, none of them empty.
struct FittedSets {
  Tensor retain, unseen, edited;
};
std::optional<FittedSets> fitted_sets(const Evaluation& evaluation);

// `count` of the rows, evenly spaced; all of them where there are no more.
Tensor evenly_spaced(const Tensor& rows, std::int64_t count);

// Every second row of each class to either side.
struct Halves {
  Tensor first, second;
};
Halves class_halves(const Tensor& rows, const Tensor& classes);  // classes of all rows, int64

// Half of the rows for an attacker's model of this number, sorted. Models 2 k and 2 k + 1 share a
// draw and have one half each, so that every row is in one of the two: of any even number of models
// half have it. For an odd number of rows the second has one more.
Tensor half_of(const Tensor& rows, std::int64_t number, std::string_view stream);

// Positions i with i % folds == fold, and the others: int64, below `count`.
struct CrossFold {
  Tensor fitted, judged;
};
CrossFold fold_of(std::int64_t count, std::int64_t folds, std::int64_t fold);

}  // namespace oubli
