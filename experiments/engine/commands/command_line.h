// The program `oubli`, as a function: a plug-in's main is a registry and this call.
#pragma once

#include "experiments/engine/registries.h"

namespace oubli {

// Runs one command; returns the exit status: 0 done, 1 a run whose rows are not all there, 2 wrong
// input or an environment that does not allow the work, 130 interrupted. Messages go to standard
// error, results to standard output. The program starts itself again for workers, so `main` must
// pass on its arguments as they are.
int command_line(int argc, char** argv, const Registries& registries);

}  // namespace oubli
