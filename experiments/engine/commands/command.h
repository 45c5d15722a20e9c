// The commands of the program: one file in this folder for each, with its options and what it does,
// and one line in commands.def.
#pragma once

#include "experiments/engine/registries.h"

namespace CLI {
class App;
}

namespace oubli {

// What a command is run with, and how it ends.
struct CommandContext {
  const Registries& registries;
  int status = 0;  // the exit status: see command_line.h
};

// Each adds its command to the program, whose callback does the work once arguments are read. It
// prints, and throws oubli::Error.
#define OUBLI_COMMAND(name) void add_##name##_command(CLI::App& program, CommandContext& context);
#include "experiments/engine/commands/commands.def"
#undef OUBLI_COMMAND

}  // namespace oubli
