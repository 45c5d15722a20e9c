#include "experiments/engine/output.h"

#include <fmt/format.h>

#include "core/base/settings_file.h"
#include "datasets/row_file.h"
#include "experiments/engine/environment.h"
#include "experiments/engine/table.h"
#include "experiments/engine/verdict.h"

namespace oubli {
namespace {

namespace fs = std::filesystem;

// The build and the machine of now, and those that the stages were made on.
Json environment(const Experiment& experiment, const Results& results) {
  Json json = build_record();
  json.update(hardware_record());
  json["threads_per_stage"] = experiment.spec.threads;
  json["machine"] = machine_record();
  json["stages_made_on"] = results.machines;
  return json;
}

}  // namespace

fs::path output_folder(const std::string& from_command_line, const fs::path& file) {
  if (!from_command_line.empty()) return from_command_line;
  return fs::path("results") / file.stem();
}

void require_writable(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) {
    throw Error(ErrorKind::kStore,
                fmt::format("{}: the output folder cannot be made: {}. Give another "
                            "with --output DIR.",
                            folder.string(), error.message()));
  }
  const fs::path probe = folder / ".oubli-writable";
  write_file(probe, "");
  fs::remove(probe, error);
}

void write_output(const fs::path& folder, const Experiment& experiment, const Results& results) {
  Json json = results.to_json();
  const PowerCheck power = check_power(results);
  json["power_check"] = {{"passed", power.passed}, {"text", power.text}};
  json["verdicts"] = verdicts_json(results);
  write_file(folder / "results.json", json.dump(1) + "\n");
  write_file(folder / "table.md", markdown_table(results));
  write_file(folder / "table.csv", csv_table(results));
  write_file(folder / "table.tex", latex_table(results));
  write_file(folder / "resolved.yaml", to_yaml(experiment.spec.resolved) + "\n");
  write_file(folder / "environment.json", environment(experiment, results).dump(1) + "\n");
  const auto write_set = [&](const char* name, const Subset& subset) {
    if (subset.empty()) return;
    write_rows(folder / name, subset.rows,
               fmt::format("{} rows of the data set {} (content {})", subset.size(),
                           experiment.dataset->name, experiment.data_hash.substr(0, 16)));
  };
  write_set("forget_set.txt", experiment.task.forget);
  write_set("added_set.txt", experiment.task.added);
}

}  // namespace oubli
