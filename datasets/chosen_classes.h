// Some of a source's classes: `classes: [3, 8]` keeps the rows of these, by name, as classes 0, 1,
// ... in the order written. Splits are those of the whole source without the other rows, so a limit
// counts before the choice; rows keep their numbers, and the others stand in no split.
#pragma once

#include "datasets/source.h"

namespace oubli {

// The same source with `classes` beside its settings; without that key it is what it was.
DataSource with_classes(DataSource source);

}  // namespace oubli
