// The program `oubli` with one more method.
#include "experiments/engine/commands/command_line.h"

oubli::MethodInfo shrink_method();

int main(int argc, char** argv) {
  oubli::Registries registries = oubli::builtin_registries();
  registries.methods.add(shrink_method());
  return oubli::command_line(argc, argv, registries);
}
