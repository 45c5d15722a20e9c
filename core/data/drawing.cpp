#include "core/data/drawing.h"

#include <ATen/ATen.h>

namespace oubli {

Tensor drawn_rows(const Tensor& rows, std::int64_t count, Generator& generator) {
  return rows.index_select(0, generator.permutation(rows.numel()).narrow(0, 0, count));
}

Tensor random_labels(std::int64_t count, std::int64_t classes, Generator& generator) {
  return generator.integers(0, classes, {count});
}

// Adds 1 to classes - 1 to each label, modulo the classes.
Tensor other_labels(const Tensor& labels, std::int64_t classes, Generator& generator) {
  return (labels + generator.integers(1, classes, {labels.numel()})).remainder(classes);
}

}  // namespace oubli
