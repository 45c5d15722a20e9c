// What may be done with the examples that a source of pictures loads, before anything is trained:
// some classes chosen, then turned with time, then scaled to length 1.
#pragma once

#include <utility>

#include "datasets/chosen_classes.h"
#include "datasets/turning.h"
#include "datasets/unit_length.h"

namespace oubli {

inline DataSource with_alterations(DataSource source) {
  return with_unit_length(with_turning(with_classes(std::move(source))));
}

}  // namespace oubli
