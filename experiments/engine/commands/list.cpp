// `oubli list`: everything that an experiment file may name.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <string>

#include "core/solve/solver.h"
#include "experiments/engine/commands/command.h"
#include "experiments/engine/report/layout.h"
#include "experiments/engine/terminal.h"

namespace oubli {
namespace {

// In two columns, of which the first is as wide as the longest name of the list.
template <typename Entry>
void print_entries(const Registry<Entry>& registry, const std::string& heading) {
  fmt::print("{}\n", heading);
  std::size_t longest = 0;
  for (const Entry& entry : registry.entries()) longest = std::max(longest, entry.name.size());
  for (const Entry& entry : registry.entries()) {
    fmt::print("{}",
               hanging("  " + entry.name, longest + 4, entry.summary, terminal_columns(stdout)));
  }
}

void print_registries(const Registries& registries) {
  print_entries(registries.methods, "methods");
  print_entries(registries.datasets, "data sets");
  print_entries(registries.architectures, "models");
  print_entries(registries.metrics, "metrics");
  print_entries(builtin_solvers(), "solvers");
  print_entries(registries.attributors, "attributors");
  fmt::print("{}", wrapped("`oubli describe NAME` shows the formula and the settings of one, "
                           "`oubli describe experiment` what a file may say.",
                           terminal_columns(stdout)));
}

}  // namespace

void add_list_command(CLI::App& program, CommandContext& context) {
  CLI::App* list = program.add_subcommand("list", "list methods, data sets, models and metrics");
  list->callback([&context] { print_registries(context.registries); });
}

}  // namespace oubli
