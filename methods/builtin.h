// The table of built-in methods. Adding one: its file here, one line in methods.def, one test.
#pragma once

#include "core/unlearn/unlearner.h"

namespace oubli {

Methods builtin_methods();

}  // namespace oubli
