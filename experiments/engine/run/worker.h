// The worker process: runs one stage after another, as the scheduler tells it.
//
// The scheduler writes a RunRequest, as its length on a line and so many bytes; then a key a line.
// The worker answers with JSON objects: `progress` and `waiting` as it goes, and one of `done`,
// `failed`, `damaged` (an input is not as it was written) and `stop` (the store cannot be written:
// no stage can be done) at the end. A worker ends when its input does, and the system ends it when
// the scheduler dies.
#pragma once

#include "experiments/engine/registries.h"

namespace oubli {

// The body of a worker process: reads standard input and answers on `answers`, an open descriptor.
// Returns its exit status.
int work_until_told_to_stop(const Registries& registries, int answers);

}  // namespace oubli
