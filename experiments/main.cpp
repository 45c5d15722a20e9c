// The program `oubli` with everything that is built in.
#include "experiments/engine/commands/command_line.h"

int main(int argc, char** argv) {
  return oubli::command_line(argc, argv, oubli::builtin_registries());
}
