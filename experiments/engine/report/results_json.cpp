// results.json: what of results is kept, and reading it again.
#include <fmt/format.h>

#include <filesystem>

#include "core/base/file.h"
#include "core/base/text.h"
#include "experiments/engine/plan/verdict_settings.h"
#include "experiments/engine/report/results.h"

namespace oubli {
namespace {

// Most of it is printed somewhere: what a file says must not steer a terminal.
Json with_printable_text(const Json& json) {
  if (json.is_string()) return printable(json.get_ref<const std::string&>());
  if (json.is_array()) {
    Json items = Json::array();
    for (const Json& item : json) items.push_back(with_printable_text(item));
    return items;
  }
  if (!json.is_object()) return json;
  Json entries = Json::object();
  for (const auto& [key, value] : json.items())
    entries[printable(key)] = with_printable_text(value);
  return entries;
}

// What tables say of a report must be what it should: its warnings, and its sweep.
void require_report(const Json& report) {
  static_cast<void>(report.get<std::map<std::string, Json>>());
  if (report.contains("warnings"))
    static_cast<void>(report.at("warnings").get<std::vector<std::string>>());
  if (!report.contains("sweep")) return;
  const Json& sweep = report.at("sweep");
  const Json& trials = sweep.at("trials");
  const std::int64_t chosen = whole_number(sweep.at("chosen"));
  trials.at(static_cast<std::size_t>(chosen)).at("changed").get<std::map<std::string, Json>>();
  for (const Json& trial : trials) static_cast<void>(trial.at("value"));
  if (sweep.contains("asked")) static_cast<void>(whole_number(sweep.at("asked")));
  static_cast<void>(sweep.at("objective").get<std::string>());
  static_cast<void>(sweep.at("sample_gradients").get<double>());
  static_cast<void>(sweep.at("seconds").get<double>());
}

}  // namespace

Json Results::to_json() const {
  Json json = {{"format", 1}, {"title", title}, {"sets", sets}, {"columns", columns}};
  json["rows"] = Json::array();
  for (const RowResult& row : rows) {
    Json models = Json::array();
    for (const ModelResult& model : row.models) {
      Json values = Json::object();
      for (const std::string& column : columns) {
        const auto found = model.values.find(column);
        if (found != model.values.end()) values[column] = found->second;
      }
      models.push_back({{"training_seed", model.training_seed},
                        {"unlearning_seed", model.unlearning_seed},
                        {"status", model.status},
                        {"message", model.message},
                        {"values", values},
                        {"at_least", model.at_least},
                        {"report", model.report}});
    }
    Json cells = Json::object();
    for (const std::string& column : columns) {
      if (const auto cell = row.cell(column)) cells[column] = oubli::to_json(*cell);
    }
    Json pooled = Json::object();
    for (const auto& [column, estimate] : row.pooled) pooled[column] = oubli::to_json(estimate);
    json["rows"].push_back({{"name", row.name},
                            {"trouble", row.failure_text()},
                            {"cells", cells},
                            {"together", pooled},
                            {"noise_floor", row.noise_floor},
                            {"chosen_by_judges", row.is_chosen_by_judges},
                            {"models", models}});
  }
  json["after_requests"] = after_requests;
  json["notes"] = notes;
  json["settings"] = resolved;
  json["machines"] = machines;
  return json;
}

Results Results::from_json(const Json& stored_json, const std::string& where) {
  Results results;
  const Json json = with_printable_text(stored_json);
  const auto is_map = [&](const char* key) {
    return json.contains(key) && (json.at(key).is_object() || json.at(key).is_null());
  };
  if (!json.is_object() || !is_map("settings") || !is_map("sets")) {
    throw Error(ErrorKind::kData, fmt::format("{}: not the results of an oubli run", where));
  }
  std::string reading = "its head";
  try {
    results.title = json.at("title").get<std::string>();
    results.columns = json.at("columns").get<std::vector<std::string>>();
    results.sets = json.at("sets");
    for (const auto& [set, size] : results.sets.items()) static_cast<void>(whole_number(size));
    results.resolved = json.at("settings");
    results.after_requests = whole_number(json.value("after_requests", Json(0)));
    results.notes = json.value("notes", std::vector<std::string>());
    results.machines = json.value("machines", Json::array());
    for (const Json& machine : results.machines) {
      static_cast<void>(machine.at("stages").get<double>());
    }
    reading = "its settings";
    static_cast<void>(VerdictSettings::from(results.resolved));
    for (const Json& stored : json.at("rows")) {
      reading = "a row";
      RowResult row{.name = stored.at("name").get<std::string>(), .models = {}};
      reading = fmt::format("the row {}", quote(row.name));
      row.noise_floor = stored.value("noise_floor", kNoiseFloor);
      row.is_chosen_by_judges = stored.value("chosen_by_judges", false);
      row.is_of_one_original = results.is_of_one_given_original();
      for (const Json& model : stored.at("models")) {
        row.models.push_back(
            {whole_number(model.at("training_seed")), whole_number(model.at("unlearning_seed")),
             model.at("status"), model.at("message").get<std::string>(),
             model.at("values").get<std::map<std::string, double>>(), model.at("report"),
             model.value("at_least", std::set<std::string>())});
        require_report(row.models.back().report);
      }
      const Json pooled = stored.value("together", Json::object());
      for (const auto& [column, value] : pooled.items()) {
        row.pooled[column] = estimate_from_json(value);
      }
      results.rows.push_back(std::move(row));
    }
  } catch (const Json::exception&) {
    throw Error(ErrorKind::kData,
                fmt::format("{}: not the results of an oubli run: {} does not hold what it should. "
                            "Was it changed by hand?",
                            where, reading));
  }
  return results;
}

Results load_results(const std::string& folder, const Registry<Metric>& metrics) {
  std::filesystem::path file = folder;
  if (what_stands_at(file) == "is a folder") file /= "results.json";
  std::string text;
  try {
    text = read_text_file(file, ErrorKind::kData);
  } catch (const FileError& error) {
    if (!error.is_missing()) throw;
    throw Error(ErrorKind::kUsage,
                fmt::format("{}: there are no results; `oubli run FILE --output {}` writes them.",
                            file.string(), folder));
  }
  if (file.extension() == ".yaml" || file.extension() == ".yml") {
    throw Error(ErrorKind::kUsage,
                fmt::format("{}: is an experiment file; `oubli run` it, and then give the folder "
                            "that its results were written to.",
                            file.string()));
  }
  const Json json = parse_json(text);
  if (json.is_discarded()) {
    throw Error(ErrorKind::kData, fmt::format("{}: not JSON, or cut short", file.string()));
  }
  Results results = Results::from_json(json, file.string());
  results.describe_columns(metrics);
  return results;
}

Results load_results_by_seed(const std::string& folder, const Registry<Metric>& metrics) {
  Results results = load_results(folder, metrics);
  if (!results.is_attribution()) return results;
  throw Error(ErrorKind::kUsage,
              fmt::format("{} holds an attribution, whose values are of all originals together: "
                          "there are none by training seed. `oubli show` prints them.",
                          printable(folder)));
}

}  // namespace oubli
