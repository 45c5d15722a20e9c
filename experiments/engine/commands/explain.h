// What a metric or a verdict is, printed.
#pragma once

#include <string>

#include "experiments/engine/registries.h"

namespace oubli {

// Of a metric, a column, or "verdict". Throws Error(kSettings) where there is none of that name.
void explain_metric(const std::string& name, const Registries& registries);

}  // namespace oubli
