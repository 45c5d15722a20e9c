// The linear datamodeling score, for what chooses by it (lds.cpp has the formula).
#pragma once

#include "core/evaluate/metric.h"

namespace oubli {

// The column lds/1, without its interval. `losses` and `effects` must be there, of three subsets
// and one test or more.
double lds_of_one_retraining(const AttributionInput& input);

}  // namespace oubli
