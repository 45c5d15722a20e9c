// What every data source must do. Its data is read where the folders have it, with the settings
// that are given, so that a source can be checked that needs some.
#pragma once

#include "datasets/source.h"
#include "experiments/selftest/checks.h"

namespace oubli::testing {

using SourceCheck = Check<DataSource, SettingsNode, DataFolders>;

const std::vector<SourceCheck>& source_checks();

}  // namespace oubli::testing
