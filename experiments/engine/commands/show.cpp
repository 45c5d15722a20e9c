// `oubli show RESULTS`: the table of a finished run again.
#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "experiments/engine/commands/command.h"
#include "experiments/engine/commands/print_table.h"

namespace oubli {
namespace {

int show_results(const std::string& folder, const Registries& registries) {
  const Results results = load_results(folder, registries.metrics);
  print_table(results);
  return exit_status(results);
}

}  // namespace

void add_show_command(CLI::App& program, CommandContext& context) {
  const auto folder = std::make_shared<std::string>();
  CLI::App* show = program.add_subcommand("show", "print the table of a finished run again");
  show->add_option("RESULTS", *folder, "folder of results")->required();
  show->callback(
      [folder, &context] { context.status = show_results(*folder, context.registries); });
}

}  // namespace oubli
