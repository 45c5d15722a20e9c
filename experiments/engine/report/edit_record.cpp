#include "experiments/engine/report/edit_record.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <chrono>
#include <set>
#include <tuple>
#include <utility>

#include "core/base/file.h"
#include "core/base/hash.h"
#include "core/base/settings_file.h"
#include "core/base/text.h"
#include "core/nn/checkpoint.h"
#include "core/nn/tensor_file.h"
#include "core/unlearn/accuracy.h"
#include "datasets/row_file.h"
#include "experiments/engine/environment.h"
#include "experiments/engine/report/edit_record_text.h"
#include "experiments/engine/report/edited_rows.h"
#include "experiments/engine/report/input_list.h"
#include "experiments/engine/report/page/record_page.h"
#include "experiments/engine/run/stage_files.h"

namespace oubli {
namespace {

namespace fs = std::filesystem;

constexpr const char* kOriginalFile = "original.safetensors";
constexpr const char* kWeightsFile = "edited.safetensors";
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

Json file_record(const fs::path& path, const std::string& name) {
  return {{"file", name}, {"sha256", file_hash_hex(path)}};
}

// Writes the rows to a file; the record of them, with what it says of them beside.
Json write_set(const fs::path& file, const Subset& subset, const Experiment& experiment,
               const Json& rows) {
  write_rows(file, subset.rows,
             fmt::format("{} rows of the data set {} (content {})", subset.size(),
                         experiment.dataset->name, experiment.data_hash.substr(0, 16)));
  Json record = file_record(file, file.filename().string());
  record.update(rows);
  return record;
}

std::string now_text() {
  using Days = std::chrono::duration<double, std::ratio<86400>>;
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  return date_text(Days(now.time_since_epoch()).count()) + " UTC";
}

// A model that was given is named where it lies; one that oubli trained is written too.
void write_weights(const fs::path& place, const Experiment& experiment, const MadeEdit& edit,
                   Json& record) {
  if (experiment.spec.originals) {
    const GivenOriginals& given = *experiment.spec.originals;
    record["input"] = {{"file", fs::absolute(given.files.front()).lexically_normal().string()},
                       {"sha256", experiment.original_hashes.front()}};
    write_tensors(place / kWeightsFile, given.as_given(edit.after, 0));
  } else {
    save_model(edit.before, place / kOriginalFile);
    record["input"] = file_record(place / kOriginalFile, kOriginalFile);
    save_model(edit.after, place / kWeightsFile);
  }
  record["output"] = file_record(place / kWeightsFile, kWeightsFile);
}

// When a request was answered that an earlier record answers. One of an oubli that wrote no time
// for each says when the last of them was.
Json answered_before(const Json& earlier, std::size_t number) {
  const Json& requests = earlier.at("requests");
  if (number >= requests.size()) return nullptr;
  return requests[number].value("answered", earlier.at("when"));
}

// Each request with what it removed and added, and how and when it was answered.
Json requests_record(const Json& asked, const MadeEdit& edit, const std::string& now) {
  const Json& answers = edit.report.at("requests");
  Json requests = Json::array();
  for (std::size_t k = 0; k < asked.size(); ++k) {
    Json answered;
    if (!edit.earlier.is_null()) answered = answered_before(edit.earlier, k);
    if (answered.is_null()) answered = now;
    Json request = {{"request", k + 1}, {"answered", answered}, {"answer", answers.at(k)}};
    request.update(asked[k]);
    requests.push_back(std::move(request));
  }
  return requests;
}

bool is_written_by_edits(const std::string& name) {
  static const std::set<std::string> names = {kOriginalFile, kWeightsFile, kRecordJson,
                                              kForgetFile,   kAddedFile,   kSettingsFile,
                                              kRecordText,   kRecordPage};
  return names.contains(name);
}

}  // namespace

Json write_edit(const ResultFolder& folder, const Experiment& experiment, const MadeEdit& edit) {
  const Json asked = edited_rows_record(experiment, experiment.requests.size());
  Json record;
  folder.replace(is_written_by_edits, [&](const fs::path& place) {
    const std::string now = now_text();
    record = {{"format", 1}, {"when", now}, {"title", experiment.spec.title}};
    write_weights(place, experiment, edit, record);
    record["data"] = {{"name", experiment.dataset->name},
                      {"sha256", experiment.data_hash},
                      {"parts", data_parts(experiment)}};
    const Json inputs = inputs_record(*experiment.dataset, experiment.metric_rows());
    if (!inputs.empty()) record["inputs"] = inputs;
    for (const auto& [key, name, subset] :
         {std::tuple("removed", kForgetFile, &experiment.task.forget),
          std::tuple("added", kAddedFile, &experiment.task.added)}) {
      if (subset->empty()) continue;
      record[key] = write_set(place / name, *subset, experiment, asked.at(key));
    }
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
    if (!experiment.requests.empty()) {
      record["requests"] = requests_record(asked.at("requests"), edit, now);
    }
    if (!experiment.notes.empty()) record["notes"] = experiment.notes;
    record["before"] = quality(edit.before, experiment);
    record["after"] = quality(edit.after, experiment);
    record["made_by"] = build_record();
    record["machine"] = machine_record();
    record["means"] =
        "This record says what was done. What the edited model still knows of what was removed is "
        "another question: `oubli run` holds the method against retrained models.";
    write_file(place / kRecordText, record_text(record));
    write_file(place / kRecordPage, record_page(record));
    write_json(place / kRecordJson, record);
  });
  return record;
}

Json read_edit_record(const fs::path& path) {
  Json record = parse_json(read_text_file(path, ErrorKind::kData));
  if (!record.is_object() || !record.contains("input") || !record.contains("output") ||
      !record.contains("outcome")) {
    throw Error(ErrorKind::kData, fmt::format("{}: not the record of an edit", path.string()));
  }
  return record;
}

Json data_parts(const Experiment& experiment) {
  const Dataset& data = *experiment.dataset;
  const Task& task = experiment.task;
  Json parts = Json::object();
  for (const auto& [name, part] :
       {std::pair("training", &task.train), std::pair("validation", &task.validation),
        std::pair("test", &task.test)}) {
    if (part->empty()) continue;
    Hasher hasher;
    hasher.add(data.inputs.index_select(0, part->rows));
    hasher.add(data.targets.index_select(0, part->rows));
    parts[name] = hasher.hex();
  }
  return parts;
}

}  // namespace oubli
