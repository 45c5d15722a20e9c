// `oubli report RESULTS...`: the page of one run, or of several on one.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/file.h"
#include "core/base/text.h"
#include "experiments/engine/commands/command.h"
#include "experiments/engine/commands/waiting.h"
#include "experiments/engine/report/edit_record.h"
#include "experiments/engine/report/page/page.h"
#include "experiments/engine/report/page/record_page.h"

namespace oubli {
namespace {

struct ReportOptions {
  std::vector<std::string> folders;
  std::string output;
};

// Of one run its own; of several one in the present folder.
std::filesystem::path page_file(const ReportOptions& options) {
  namespace fs = std::filesystem;
  if (!options.output.empty()) {
    return fs::is_directory(options.output) ? fs::path(options.output) / kPageFile
                                            : fs::path(options.output);
  }
  if (options.folders.size() > 1) return kPageFile;
  const fs::path folder = options.folders.front();
  return (fs::is_directory(folder) ? folder : folder.parent_path()) / kPageFile;
}

// What lies there may be somebody's work, unless it is a page of ours.
void require_own_page(const std::filesystem::path& file) {
  if (!std::filesystem::exists(file)) return;
  const std::string there = read_text_file(file, ErrorKind::kUsage);
  if (there.find("Made by oubli") != std::string::npos) return;
  throw Error(ErrorKind::kUsage,
              fmt::format("{}: is there, and no page of oubli's; give another file with --output.",
                          printable(file.string())));
}

void write_page(const ReportOptions& options, const Registries& registries) {
  std::optional<Waiting> waiting("reading the results");
  const std::filesystem::path file = page_file(options);
  require_own_page(file);
  // A folder of `oubli apply` has a record and no table.
  const std::filesystem::path record = std::filesystem::path(options.folders.front()) / kRecordJson;
  if (options.folders.size() == 1 && std::filesystem::exists(record)) {
    write_file(file, record_page(read_edit_record(record)));
    waiting.reset();
    fmt::print("Written to {}\n", printable(file.string()));
    return;
  }
  std::vector<PageSource> sources;
  sources.reserve(options.folders.size());
  for (const std::string& folder : options.folders)
    sources.push_back(load_page_source(folder, registries.metrics));
  write_file(file, report_page(sources));
  waiting.reset();
  fmt::print("Written to {}\n", printable(file.string()));
}

}  // namespace

void add_report_command(CLI::App& program, CommandContext& context) {
  const auto options = std::make_shared<ReportOptions>();
  CLI::App* report =
      program.add_subcommand("report", "write the page of a finished run, or of several on one");
  report->add_option("RESULTS", options->folders, "folders of results")->required();
  report->add_option("--output", options->output,
                     "the file (default: RESULTS/report.html; of several runs report.html here)");
  report->callback([options, &context] { write_page(*options, context.registries); });
}

}  // namespace oubli
