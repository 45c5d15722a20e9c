// `oubli list`: everything that an experiment file may name.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <string>

#include "core/solve/solver.h"
#include "experiments/engine/commands/command.h"

namespace oubli {
namespace {

template <typename Entry>
void print_entries(const Registry<Entry>& registry, const std::string& heading) {
  fmt::print("{}\n", heading);
  for (const Entry& entry : registry.entries()) {
    fmt::print("  {:<20} {}\n", entry.name, entry.summary);
  }
}

void print_registries(const Registries& registries) {
  print_entries(registries.methods, "methods");
  print_entries(registries.datasets, "data sets");
  print_entries(registries.architectures, "models");
  print_entries(registries.metrics, "metrics");
  print_entries(builtin_solvers(), "solvers");
  fmt::print(
      "`oubli describe NAME` shows the formula and the settings of one, `oubli describe "
      "experiment` "
      "what a file may say.\n");
}

}  // namespace

void add_list_command(CLI::App& program, CommandContext& context) {
  CLI::App* list = program.add_subcommand("list", "list methods, data sets, models and metrics");
  list->callback([&context] { print_registries(context.registries); });
}

}  // namespace oubli
