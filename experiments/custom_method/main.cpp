// The method in a program of one's own: `oubli` with one more method.
#include "experiments/engine/commands/command_line.h"

oubli::MethodInfo my_neggrad_plus_method();

int main(int argc, char** argv) {
  oubli::Registries registries = oubli::builtin_registries();
  registries.methods.add(my_neggrad_plus_method());
  return oubli::command_line(argc, argv, registries);
}
