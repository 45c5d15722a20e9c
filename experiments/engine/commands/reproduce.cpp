// `oubli reproduce`: lists the papers that can be reproduced. `oubli reproduce KEY` runs one, and
// holds its numbers and claims against what came of it.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <memory>

#include "core/base/file.h"
#include "core/base/text.h"
#include "experiments/engine/commands/command.h"
#include "experiments/engine/commands/experiment_options.h"
#include "experiments/engine/environment.h"
#include "experiments/engine/report/layout.h"
#include "experiments/engine/report/result_folder.h"
#include "experiments/engine/reproduce/reproduction.h"
#include "experiments/engine/run/display.h"
#include "experiments/engine/terminal.h"

namespace oubli {
namespace {

namespace fs = std::filesystem;

struct ReproduceOptions {
  std::vector<std::string> keys;
  std::string papers, output, data, store;
  bool is_quick = false, is_full = false, all = false;
  int jobs = 0;

  Extent extent() const {
    return is_quick ? Extent::kQuick : is_full ? Extent::kFull : Extent::kNormal;
  }
};

constexpr const char* kPaperFile = "paper.yaml";

// Where papers lie: as said, here, or where this program was built from or installed to.
fs::path papers_folder(const std::string& given) {
  if (!given.empty()) return given;
  std::vector<fs::path> places = papers_of_this_build();
  places.insert(places.begin(), "experiments/papers");
  for (const fs::path& place : places) {
    if (fs::is_directory(place)) return place;
  }
  throw Error(ErrorKind::kUsage,
              "there is no experiments/papers here; say where papers lie: --papers DIR.");
}

std::vector<std::string> keys_in(const fs::path& papers) {
  std::vector<std::string> keys;
  for (const std::string& name : names_in(papers, ErrorKind::kUsage)) {
    if (fs::exists(papers / name / kPaperFile)) keys.push_back(name);
  }
  return keys;
}

std::string minutes_text(const Paper& paper) {
  std::string text;
  for (const auto& [extent, minutes] : paper.minutes) {
    text += fmt::format("{}{} {:g}", text.empty() ? "" : ", ", to_string(extent), minutes);
  }
  return text + " min";
}

void list_papers(const fs::path& papers) {
  constexpr std::size_t kIndent = 20;
  const std::size_t width = terminal_columns(stdout);
  for (const std::string& key : keys_in(papers)) {
    const Paper paper = read_paper(papers / key, Extent::kNormal);
    fmt::print("{}", hanging(padded(key, kIndent, true), kIndent,
                             fmt::format("{} ({})", paper.shows, minutes_text(paper)), width));
  }
  fmt::print("{}", wrapped("`oubli reproduce KEY` runs one, `--quick` in less time, `--full` as "
                           "published where that is longer; `--all` runs all of them.",
                           width));
}

fs::path folder_of(const fs::path& papers, const std::string& key) {
  if (fs::exists(fs::path(key) / kPaperFile)) return fs::path(key).lexically_normal();
  const std::vector<std::string> keys = keys_in(papers);
  if (std::find(keys.begin(), keys.end(), key) == keys.end()) {
    throw Error(ErrorKind::kUsage, unknown_name_message("paper", key, keys));
  }
  return papers / key;
}

void write_reproduction(const ResultFolder& folder, const Reproduction& made) {
  const auto is_ours = [](const std::string& name) { return name.starts_with("reproduced."); };
  folder.replace(is_ours, [&](const fs::path& place) {
    write_file(place / "reproduced.md", reproduction_markdown(made));
    write_file(place / "reproduced.csv", reproduction_csv(made));
    write_file(place / "reproduced.tex", reproduction_latex(made));
    write_file(place / "reproduced.json", reproduction_json(made).dump(1) + "\n");
  });
}

// Whether every claim that must hold does, and no stage failed.
bool reproduce_one(const fs::path& paper_folder, const ReproduceOptions& options,
                   const Registries& registries) {
  const Paper paper = read_paper(fs::absolute(paper_folder), options.extent());
  const fs::path store_folder = default_store(options.store);
  const ResultFolder output(options.output.empty() ? fs::path("results") / "papers" / paper.key
                            : options.all          ? fs::path(options.output) / paper.key
                                                   : fs::path(options.output),
                            store_folder);
  const Store store(store_folder);
  Display display(stderr);
  const RunSettings settings{options.data, static_cast<std::size_t>(options.jobs), &display};
  const PaperResults results(paper, store, registries, settings, [&](const std::string& run) {
    display.note(fmt::format("{}: {}", paper.key, run));
  });
  const auto made = reproduce(paper, options.extent(), results);
  write_reproduction(output, *made);
  fmt::print("{}", reproduction_console(*made, terminal_columns(stdout)));
  fmt::print("\nWritten to {}/\n", printable(output.path().string()));
  std::fflush(stdout);
  for (const JudgedClaim* claim : made->broken()) {
    fmt::print(stderr, "{}: must hold and does not: {}\n", paper.key, claim->claim->text);
  }
  if (results.failed_stages() > 0) {
    fmt::print(stderr, "{}: {} stages failed: `oubli run` of its files says why.\n", paper.key,
               results.failed_stages());
  }
  return made->broken().empty() && results.failed_stages() == 0;
}

int reproduce_papers(const ReproduceOptions& options, const Registries& registries) {
  const fs::path papers = papers_folder(options.papers);
  if (options.all && !options.keys.empty()) {
    throw Error(ErrorKind::kUsage, "--all, or the keys of some papers: one of them.");
  }
  if (options.is_quick && options.is_full) {
    throw Error(ErrorKind::kUsage, "--quick or --full: one of them.");
  }
  if (options.keys.size() > 1 && !options.output.empty()) {
    throw Error(ErrorKind::kUsage, "--output is of one paper, or of --all.");
  }
  const std::vector<std::string> keys = options.all ? keys_in(papers) : options.keys;
  if (keys.empty()) {
    list_papers(papers);
    return 0;
  }
  bool all_hold = true;
  for (const std::string& key : keys) {
    all_hold = reproduce_one(folder_of(papers, key), options, registries) && all_hold;
  }
  return all_hold ? 0 : 1;
}

}  // namespace

void add_reproduce_command(CLI::App& program, CommandContext& context) {
  const auto options = std::make_shared<ReproduceOptions>();
  CLI::App* reproduce =
      program.add_subcommand("reproduce", "run a paper's experiment and hold it against the paper");
  reproduce->add_option("KEY", options->keys,
                        "papers, or folders with a paper.yaml (default: list)");
  reproduce->add_flag("--quick", options->is_quick, "fewer repeats, smaller runs");
  reproduce->add_flag("--full", options->is_full, "as published, where that is longer");
  reproduce->add_flag("--all", options->all, "every paper");
  reproduce->add_option("--papers", options->papers, "folder of papers")->type_name("DIR");
  reproduce->add_option("--output", options->output, "folder for what came of it");
  add_data_option(*reproduce, options->data);
  add_store_option(*reproduce, options->store);
  add_jobs_option(*reproduce, options->jobs);
  reproduce->callback(
      [options, &context] { context.status = reproduce_papers(*options, context.registries); });
}

}  // namespace oubli
