// Rows and labels drawn at random: what splits, forget sets and methods draw in the same way.
#pragma once

#include <cstdint>

#include "core/base/random.h"
#include "core/base/tensor.h"

namespace oubli {

// The first `count` of the rows in a random order.
Tensor drawn_rows(const Tensor& rows, std::int64_t count, Generator& generator);

// [count] labels, uniform over all classes.
Tensor random_labels(std::int64_t count, std::int64_t classes, Generator& generator);
// For each label another one, uniform over the other classes.
Tensor other_labels(const Tensor& labels, std::int64_t classes, Generator& generator);

}  // namespace oubli
