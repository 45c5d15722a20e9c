// What a metric, a heading or a word is, printed.
#pragma once

#include <string>

#include "experiments/engine/registries.h"

namespace oubli {

// Of a metric, a column, a heading of a table, "verdict", or a word of the glossary
// (report/glossary.h). Throws Error(kSettings) where there is none of that name.
void explain(const std::string& name, const Registries& registries);

}  // namespace oubli
