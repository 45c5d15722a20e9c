// Plug-ins: shared libraries that add methods, metrics, data sources and architectures to any oubli
// program, without a program of one's own.
//
//   #include "experiments/engine/plugin.h"
//   OUBLI_PLUGIN(registries) { registries.methods.add(my_method()); }
//
//   oubli run --plugin libmine.so experiment.yaml
//
// A plug-in is built against the package of the oubli that loads it, and carries what it uses of
// it; both share LibTorch. It is refused where the headers that it was built with are not those of
// the program (kInterface in the generated header): what it would hand over could not be read.
//
// What comes from outside oubli is marked with the hash of its file, a plug-in's or that of a
// program of one's own, which is part of the keys of all stages that it has a part in: a changed
// method is done again, and never shows its old numbers.
#pragma once

#include <filesystem>

#include "experiments/engine/interface.h"
#include "experiments/engine/registries.h"

// Followed by a body that adds to `registries`, which is a name and so not in parentheses.
// NOLINTBEGIN(bugprone-macro-parentheses)
#define OUBLI_PLUGIN(registries)                                              \
  extern "C" const char* oubli_plugin_interface() { return OUBLI_INTERFACE; } \
  extern "C" void oubli_plugin(::oubli::Registries& registries)
// NOLINTEND(bugprone-macro-parentheses)

namespace oubli {

// Loads the library, adds what it has, and itself to the list of plug-ins. Throws Error(kSettings)
// where the file is none, where it was built for another oubli, and where a name is taken.
void load_plugin(const std::filesystem::path& file, Registries& registries);

// The registries with everything that `builtin_registries` does not have, and no plug-in brought,
// marked with the hash of the running program. Registries of oubli alone come back as they are.
Registries with_program_marked(const Registries& registries);

}  // namespace oubli
