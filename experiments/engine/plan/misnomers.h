// What people write in place of a key of an experiment file, and what has no default.
#pragma once

#include "core/base/settings.h"

namespace oubli {

// A beginner's first file: says what was meant before anything else is looked at. Error(kSettings).
void require_known_keys(const Settings& root);

}  // namespace oubli
