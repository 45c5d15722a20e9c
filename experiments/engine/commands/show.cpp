// `oubli show RESULTS`: the table of a finished run again, for people or for programs.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "core/base/file.h"
#include "experiments/engine/commands/command.h"
#include "experiments/engine/commands/print_table.h"
#include "experiments/engine/report/formats/formats.h"
#include "experiments/engine/report/output.h"
#include "experiments/engine/report/report_model.h"
#include "experiments/engine/terminal.h"

namespace oubli {
namespace {

struct ShowOptions {
  std::string folder, format = "text";
  std::int64_t at = 0;
  std::vector<std::string> columns;
  bool shows_all = false, is_json = false;
};

Results results_at(const std::string& folder, std::int64_t at, const Registries& registries) {
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
  return load_results(place.string(), registries.metrics);
}

std::string shown_text(const Results& results, const ShowOptions& options) {
  if (options.format == "json" || options.is_json)
    return json_report(results).dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
  ReportModel report = report_model(results);
  if (!options.columns.empty()) report = with_columns(std::move(report), options.columns);
  if (options.format == "latex") return latex_table(report);
  if (options.format == "markdown") return markdown_table(report);
  if (options.format == "csv") return models_csv(results, report);
  return console_table(report,
                       {terminal_columns(stdout), options.shows_all, wants_colours(stdout)});
}

int show_results(const ShowOptions& options, const Registries& registries) {
  const Results results = results_at(options.folder, options.at, registries);
  fmt::print("{}", shown_text(results, options));
  return exit_status(results);
}

}  // namespace

void add_show_command(CLI::App& program, CommandContext& context) {
  const auto options = std::make_shared<ShowOptions>();
  CLI::App* show = program.add_subcommand("show", "print the table of a finished run again");
  show->add_option("RESULTS", options->folder, "folder of results")->required();
  show->add_option("--at", options->at, "of a sequence of requests: after how many of them")
      ->check(CLI::PositiveNumber);
  show->add_flag("--all", options->shows_all,
                 "every column that methods are compared by, not the deciding ones alone");
  show->add_option("--columns", options->columns,
                   "these columns, in this order: accuracy/test,kl/forget")
      ->delimiter(',')
      ->type_name("NAMES")
      ->allow_extra_args(false);
  show->add_option("--format", options->format, "text, markdown, latex, csv or json")
      ->check(CLI::IsMember({"text", "markdown", "latex", "csv", "json"}))
      ->capture_default_str();
  show->add_flag("--json", options->is_json, "the same as --format json: all that is known")
      ->excludes("--columns")
      ->excludes("--format");
  show->callback(
      [options, &context] { context.status = show_results(*options, context.registries); });
}

}  // namespace oubli
