#include "experiments/engine/report/edit_record.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <chrono>
#include <set>

#include "core/base/hash.h"
#include "core/base/settings_file.h"
#include "core/base/text.h"
#include "core/nn/tensor_file.h"
#include "core/unlearn/accuracy.h"
#include "datasets/row_file.h"
#include "experiments/engine/environment.h"
#include "experiments/engine/run/stage_files.h"

namespace oubli {
namespace {

namespace fs = std::filesystem;

constexpr const char* kWeightsFile = "edited.safetensors";
constexpr const char* kRecordJson = "record.json";
constexpr const char* kForgetFile = "forget_set.txt";
constexpr const char* kAddedFile = "added_set.txt";
constexpr const char* kSettingsFile = "resolved.yaml";

// Accuracy, where there are classes, and mean loss on each set.
Json quality(const Model& model, const Experiment& experiment) {
  Json sets = Json::object();
  const Objective loss{experiment.task.objective().loss, 0};
  for (const NamedRows& set : experiment.metric_sets()) {
    const Subset subset{experiment.dataset, set.rows, {}};
    CostMeter cost;
    Json values = {{"examples", subset.size()},
                   {"loss", value_only(model, subset, loss, cost).loss}};
    if (experiment.dataset->is_classification()) {
      values["accuracy"] = accuracy(model, subset, experiment.task.objective(), cost);
    }
    sets[set.name] = std::move(values);
  }
  return sets;
}

// The ids of rows, in their order, each once; empty where the data has none.
std::vector<std::string> ids_of(const Subset& subset) {
  const Dataset& data = *subset.dataset;
  std::vector<std::string> ids;
  if (data.id_column.empty()) return ids;
  const RowColumn& column = data.columns.at(data.id_column);
  std::set<std::string> seen;
  const Tensor rows = subset.rows.contiguous();
  for (std::int64_t i = 0; i < rows.numel(); ++i) {
    std::string id = column.text(rows.const_data_ptr<std::int64_t>()[i]);
    if (seen.insert(id).second) ids.push_back(std::move(id));
  }
  return ids;
}

Json file_record(const fs::path& path, const std::string& name) {
  return {{"file", name}, {"sha256", file_hash_hex(path)}};
}

void write_set(const fs::path& folder, const char* name, const Subset& subset,
               const Experiment& experiment, Json& record, const char* key) {
  if (subset.empty()) return;
  write_rows(folder / name, subset.rows,
             fmt::format("{} rows of the data set {} (content {})", subset.size(),
                         experiment.dataset->name, experiment.data_hash.substr(0, 16)));
  record[key] = file_record(folder / name, name);
  record[key]["rows"] = subset.size();
  if (const std::vector<std::string> ids = ids_of(subset); !ids.empty()) record[key]["ids"] = ids;
}

std::string now_text() {
  using Days = std::chrono::duration<double, std::ratio<86400>>;
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  return date_text(Days(now.time_since_epoch()).count()) + " UTC";
}

std::string percent_or_none(const Json& values) {
  return values.contains("accuracy") ? fmt::format("{:.4f}", values.at("accuracy").get<double>())
                                     : "-";
}

// For people.
std::string record_text(const Json& record) {
  std::string text = fmt::format(
      "# Edit of {}\n\n{}, by oubli {} ({}).\n\n", record.at("input").at("file").get<std::string>(),
      record.at("when").get<std::string>(), record.at("made_by").at("oubli").get<std::string>(),
      record.at("made_by").at("git_revision").get<std::string>());
  const auto file_line = [&](const char* what, const Json& file) {
    return fmt::format("| {} | {} | `{}` |\n", what, file.at("file").get<std::string>(),
                       file.at("sha256").get<std::string>());
  };
  text += "| | file | SHA-256 |\n|---|---|---|\n";
  text += file_line("weights before", record.at("input"));
  text += file_line("weights after", record.at("output"));
  if (record.contains("removed")) text += file_line("rows removed", record.at("removed"));
  if (record.contains("added")) text += file_line("rows added", record.at("added"));
  text += file_line("settings", record.at("settings"));
  text += fmt::format("| data | {} | `{}` |\n\n", record.at("data").at("name").get<std::string>(),
                      record.at("data").at("sha256").get<std::string>());
  for (const char* what : {"removed", "added"}) {
    if (!record.contains(what)) continue;
    const Json& set = record.at(what);
    text += fmt::format("{} rows were {}", set.at("rows").get<std::int64_t>(), what);
    if (set.contains("ids")) {
      text += fmt::format(", of {} ids: {}", set.at("ids").size(),
                          listed(set.at("ids").get<std::vector<std::string>>()));
    }
    text += ".\n";
  }
  const Json& method = record.at("method");
  const Json& outcome = record.at("outcome");
  text += fmt::format("\nMethod: {} (version {}), {}.\n\n{}\n\nSettings: `{}`.\n\n",
                      method.at("name").get<std::string>(), method.at("version").get<int>(),
                      method.at("summary").get<std::string>(),
                      method.at("definition").get<std::string>(), method.at("settings").dump());
  text += fmt::format("Status: {}{}{}. It took {:.4g} sample-gradients and {:.3g} s.\n\n",
                      outcome.at("status").get<std::string>(),
                      outcome.at("message").get<std::string>().empty() ? "" : ": ",
                      outcome.at("message").get<std::string>(),
                      outcome.at("sample_gradients").get<double>(),
                      outcome.at("seconds").get<double>());
  text +=
      "| set | examples | accuracy before | after | loss before | after |\n"
      "|---|---:|---:|---:|---:|---:|\n";
  for (const auto& [set, before] : record.at("before").items()) {
    const Json& after = record.at("after").at(set);
    text += fmt::format("| {} | {} | {} | {} | {:.4g} | {:.4g} |\n", set,
                        before.at("examples").get<std::int64_t>(), percent_or_none(before),
                        percent_or_none(after), before.at("loss").get<double>(),
                        after.at("loss").get<double>());
  }
  return text + fmt::format("\n{}\n", record.at("means").get<std::string>());
}

bool is_written_by_edits(const std::string& name) {
  static const std::set<std::string> names = {kWeightsFile, kRecordJson,   kForgetFile,
                                              kAddedFile,   kSettingsFile, "record.md"};
  return names.contains(name);
}

}  // namespace

void write_edit(const ResultFolder& folder, const Experiment& experiment, const MadeEdit& edit) {
  const GivenOriginals& given = *experiment.spec.originals;
  const fs::path& input = given.files.front();
  Json record;
  folder.replace(is_written_by_edits, [&](const fs::path& place) {
    record = {{"format", 1}, {"when", now_text()}, {"title", experiment.spec.title}};
    record["input"] = {{"file", fs::absolute(input).lexically_normal().string()},
                       {"sha256", experiment.original_hashes.front()}};
    write_tensors(place / kWeightsFile, given.as_given(edit.after, 0));
    record["output"] = file_record(place / kWeightsFile, kWeightsFile);
    record["data"] = {{"name", experiment.dataset->name}, {"sha256", experiment.data_hash}};
    write_set(place, kForgetFile, experiment.task.forget, experiment, record, "removed");
    write_set(place, kAddedFile, experiment.task.added, experiment, record, "added");
    write_file(place / kSettingsFile, to_yaml(experiment.spec.resolved) + "\n");
    record["settings"] = file_record(place / kSettingsFile, kSettingsFile);
    const MethodInfo& info = edit.row.info;
    record["method"] = {{"name", info.name},
                        {"version", info.version},
                        {"summary", info.summary},
                        {"reference", info.reference},
                        {"definition", info.definition},
                        {"settings", edit.row.settings}};
    record["outcome"] = edit.report;
    record["before"] = quality(edit.before, experiment);
    record["after"] = quality(edit.after, experiment);
    record["made_by"] = build_record();
    record["machine"] = machine_record();
    record["means"] =
        "This record says what was done. What the edited model still knows of what was removed is "
        "another question: `oubli run` holds the method against retrained models.";
    write_file(place / "record.md", record_text(record));
    write_json(place / kRecordJson, record);
  });
}

std::vector<RecordCheck> check_record(const fs::path& path) {
  const Json record = parse_json(read_text_file(path, ErrorKind::kData));
  if (!record.is_object() || !record.contains("input") || !record.contains("output") ||
      !record.contains("outcome")) {
    throw Error(ErrorKind::kData, fmt::format("{}: not the record of an edit", path.string()));
  }
  std::vector<RecordCheck> checks;
  for (const char* what : {"input", "output", "removed", "added", "settings"}) {
    if (!record.contains(what)) continue;
    try {
      const fs::path file = path.parent_path() / record.at(what).at("file").get<std::string>();
      RecordCheck check{fmt::format("{} ({})", what, file.string()), false, ""};
      try {
        const std::string found = file_hash_hex(file);
        const std::string expected = record.at(what).at("sha256").get<std::string>();
        check.is_same = found == expected;
        if (!check.is_same) {
          check.problem = fmt::format("its SHA-256 is {}, the record says {}", found, expected);
        }
      } catch (const FileError& error) {
        check.problem = error.what();
      }
      checks.push_back(std::move(check));
    } catch (const Json::exception&) {
      throw Error(ErrorKind::kData,
                  fmt::format("{}: '{}' does not hold what it should. Was it changed by hand?",
                              path.string(), what));
    }
  }
  return checks;
}

}  // namespace oubli
