// A network with more outputs than another, and the way back: for methods that give what is to be
// forgotten a class of its own.
#pragma once

#include "core/nn/model.h"

namespace oubli {

// Copies the parameters and buffers of `from` to `to`, a network built alike with other outputs.
// Where one has more rows of a parameter, the rows that both have are copied and others stay what
// they are. Throws Error(kUsage) where the networks differ in more than that.
void copy_common(const Model& from, Model& to);

}  // namespace oubli
