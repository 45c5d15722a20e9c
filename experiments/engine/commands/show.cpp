// `oubli show RESULTS`: the table of a finished run again.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>
#include <string>

#include "core/base/file.h"
#include "experiments/engine/commands/command.h"
#include "experiments/engine/commands/print_table.h"
#include "experiments/engine/report/output.h"

namespace oubli {
namespace {

int show_results(const std::string& folder, std::int64_t at, const Registries& registries) {
  std::filesystem::path place = folder;
  if (at > 0) place = checkpoint_folder(place, at);
  if (at > 0 && !std::filesystem::exists(place)) {
    std::vector<std::string> there;
    const std::filesystem::path all = std::filesystem::path(folder) / "checkpoints";
    if (std::filesystem::is_directory(all)) there = names_in(all, ErrorKind::kData);
    throw Error(ErrorKind::kUsage,
                there.empty() ? fmt::format("{}: there are no checkpoints: the edit is no sequence "
                                            "of requests.",
                                            folder)
                              : fmt::format("{}: there is no checkpoint {}; there are {}.", folder,
                                            at, fmt::join(there, ", ")));
  }
  const Results results = load_results(place.string(), registries.metrics);
  print_table(results);
  return exit_status(results);
}

}  // namespace

void add_show_command(CLI::App& program, CommandContext& context) {
  const auto folder = std::make_shared<std::string>();
  const auto at = std::make_shared<std::int64_t>(0);
  CLI::App* show = program.add_subcommand("show", "print the table of a finished run again");
  show->add_option("RESULTS", *folder, "folder of results")->required();
  show->add_option("--at", *at, "of a sequence of requests: after how many of them")
      ->check(CLI::PositiveNumber);
  show->callback(
      [folder, at, &context] { context.status = show_results(*folder, *at, context.registries); });
}

}  // namespace oubli
