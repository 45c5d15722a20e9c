// Inputs of length 1: x / |x|, behind the normalisation, for methods whose bounds grow with the
// inputs (`unit_length: true`). An input of zeros stays. Inputs become float32, pixels too.
#pragma once

#include "datasets/source.h"

namespace oubli {

// The same source with `unit_length` beside its settings; without that key it is what it was.
DataSource with_unit_length(DataSource source);

}  // namespace oubli
