// What every architecture must do, on colour images of 32 by 32 or, where it refuses these, on rows
// of 8 numbers.
#pragma once

#include "core/nn/architectures/architecture.h"
#include "experiments/selftest/checks.h"

namespace oubli::testing {

using ArchitectureCheck = Check<Architecture>;

const std::vector<ArchitectureCheck>& architecture_checks();

}  // namespace oubli::testing
