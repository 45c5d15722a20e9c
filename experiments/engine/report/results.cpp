#include "experiments/engine/report/results.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/base/text.h"
#include "core/evaluate/statistics/equivalence.h"
#include "experiments/engine/run/stage_outputs.h"

namespace oubli {
namespace {

void add_column(std::vector<std::string>& columns, const std::string& column) {
  if (std::find(columns.begin(), columns.end(), column) == columns.end()) columns.push_back(column);
}

// Behind the other columns of its metric.
void add_column_of(std::vector<std::string>& columns, const std::string& column,
                   const Metric& metric, const Registry<Metric>& metrics) {
  if (std::find(columns.begin(), columns.end(), column) != columns.end()) return;
  const auto last = std::find_if(columns.rbegin(), columns.rend(), [&](const std::string& other) {
    const Metric* owner = find_metric_of(metrics, other);
    return owner != nullptr && owner->name == metric.name;
  });
  columns.insert(last == columns.rend() ? columns.end() : last.base(), column);
}

// Values that follow from those of other metrics, for every model; an oracle is held against the
// mean of the others.
void derive_columns(Results& results, const std::vector<std::string>& measure,
                    const Registry<Metric>& metrics) {
  const auto mean_without = [](const RowResult& floor, const ModelResult* left_out) {
    ColumnValues mean;
    std::map<std::string, double> counts;
    for (const ModelResult& oracle : floor.models) {
      if (&oracle == left_out) continue;
      for (const auto& [column, value] : oracle.values) {
        mean[column] += value;
        counts[column] += 1;
      }
    }
    for (auto& [column, value] : mean) value /= counts[column];
    return mean;
  };
  std::map<std::string, ColumnValues> all;  // by noise floor, before anything is derived
  for (const RowResult& row : results.rows) {
    if (row.is_noise_floor()) all[row.name] = mean_without(row, nullptr);
  }
  for (const std::string& name : measure) {
    const Metric& metric = metrics.find(name);
    if (!metric.derive) continue;
    // All of a row before any is written: the oracles' own values are read for each of them.
    for (RowResult& row : results.rows) {
      std::vector<std::vector<MetricValue>> derived;
      for (const ModelResult& model : row.models) {
        derived.push_back(metric.derive(
            model.values, row.is_noise_floor() ? mean_without(row, &model) : all[row.noise_floor]));
      }
      for (std::size_t i = 0; i < derived.size(); ++i) {
        for (const MetricValue& value : derived[i]) {
          add_column_of(results.columns, value.column, metric, metrics);
          row.models[i].values[value.column] = value.value;
        }
      }
    }
  }
}

// The oracles' mean distances to one another, whose values share pairs.
void estimate_pairwise_columns(Results& results) {
  for (RowResult& row : results.rows) {
    if (!row.is_noise_floor()) continue;
    for (const auto& [column, info] : results.infos) {
      const std::vector<double> values = row.seed_means(column);
      if (info.to_oracles && !values.empty()) row.pooled[column] = pairwise_estimate(values);
    }
  }
}

// Columns of all models of a row together.
void read_together(RowResult& row, const Json& values, std::vector<std::string>& columns) {
  for (const auto& [column, value] : values.items()) {
    add_column(columns, column);
    if (value.at("mean").is_number()) row.pooled[column] = estimate_from_json(value);
  }
}

// The kinds of machine that the stages of a plan were made on, the most frequent first.
Json machines_of(const Plan& plan, const Store& store, const RunOutcome& outcome) {
  std::map<std::string, std::size_t> counts;
  for (std::size_t i = 0; i < plan.stages.size(); ++i) {
    const std::string& key = plan.stages[i].key;
    if (outcome.failed.contains(i) ||
        store.check(key, /*thorough=*/false).state != Store::State::kSound) {
      continue;
    }
    ++counts[store.describe(key).value("machine", Json::object()).dump()];
  }
  std::vector<std::pair<std::size_t, std::string>> sorted;
  sorted.reserve(counts.size());
  for (const auto& [machine, count] : counts) sorted.emplace_back(count, machine);
  std::sort(sorted.rbegin(), sorted.rend());
  Json machines = Json::array();
  for (const auto& [count, machine] : sorted) {
    machines.push_back(Json::parse(machine));
    machines.back()["stages"] = count;
  }
  return machines;
}

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

// What tables say of a sweep must be there.
void require_sweep(const Json& report) {
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

// Squares of larger values, and so their variance, are beyond what a double holds. Nothing that is
// measured of a usable model comes near.
constexpr double kLargestValue = 1e150;

}  // namespace

std::string RowResult::failure_text() const {
  std::size_t diverged = 0, failed = 0;
  for (const ModelResult& model : models) {
    diverged += model.status == "diverged";
    failed += model.status == "failed";
  }
  if (failed > 0) return fmt::format("failed {}/{}", failed, models.size());
  return diverged > 0 ? fmt::format("diverged {}/{}", diverged, models.size()) : "";
}

std::map<std::int64_t, std::vector<double>> RowResult::values_by_seed(
    const std::string& column) const {
  if (!failure_text().empty()) return {};
  std::map<std::int64_t, std::vector<double>> by_seed;
  for (const ModelResult& model : models) {
    const auto found = model.values.find(column);
    if (found == model.values.end() || !(std::abs(found->second) <= kLargestValue)) return {};
    by_seed[model.training_seed].push_back(found->second);
  }
  return by_seed;
}

std::vector<double> RowResult::seed_means(const std::string& column) const {
  std::vector<double> means;
  for (const auto& [seed, values] : values_by_seed(column)) {
    means.push_back(estimate_mean(values).mean);
  }
  return means;
}

std::optional<Estimate> RowResult::cell(const std::string& column) const {
  if (const auto found = pooled.find(column); found != pooled.end()) return found->second;
  const std::vector<double> means = seed_means(column);
  if (means.empty()) return std::nullopt;
  Estimate estimate = estimate_mean(means);
  estimate.at_least = at_least(column);
  return estimate;
}

bool RowResult::at_least(const std::string& column) const {
  return std::any_of(models.begin(), models.end(),
                     [&](const ModelResult& model) { return model.at_least.contains(column); });
}

bool Results::has_numbers() const {
  return std::any_of(rows.begin(), rows.end(), [&](const RowResult& row) {
    const auto has_cell = [&](const std::string& column) { return row.cell(column).has_value(); };
    return row.name != "original" && !row.is_noise_floor() &&
           std::any_of(columns.begin(), columns.end(), has_cell);
  });
}

const RowResult* Results::find(const std::string& row) const {
  for (const RowResult& one : rows) {
    if (one.name == row) return &one;
  }
  return nullptr;
}

std::vector<double> Results::oracle_values(const RowResult& row, const std::string& column) const {
  const RowResult* floor = floor_of(row);
  if (floor == nullptr || floor->at_least(column)) return {};
  std::vector<double> values = floor->seed_means(column);
  const ColumnInfo* described = info(column);
  const bool pairwise = described != nullptr && described->to_oracles;
  if (values.size() < (pairwise ? 3 : 2)) return {};
  return pairwise ? leave_one_out(values) : values;
}

const ColumnInfo* Results::info(const std::string& column) const {
  const auto found = infos.find(column);
  return found == infos.end() ? nullptr : &found->second;
}

double Results::set_size(const std::string& set) const {
  if (set == "forget_true") return set_size("forget");  // the same, against other labels
  if (!sets.contains(set)) {
    throw Error(ErrorKind::kData,
                fmt::format("the results do not say how large the set '{}' is", set));
  }
  return sets.at(set).get<double>();
}

void Results::describe_columns(const Registry<Metric>& metrics) {
  for (const std::string& column : columns) {
    if (const ColumnInfo* info = find_column(metrics, column)) infos[column] = *info;
  }
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

Results collect_results(const Experiment& experiment, const Plan& plan, const Store& store,
                        const RunOutcome& outcome, const Registry<Metric>& metrics) {
  Results results;
  results.title = experiment.spec.title;
  results.resolved = experiment.spec.resolved;
  results.machines = machines_of(plan, store, outcome);
  results.sets = {{"train", experiment.task.train.size()}};
  for (const NamedRows& set : experiment.metric_sets()) results.sets[set.name] = set.rows.numel();
  for (const PlannedRow& planned : plan.rows) {
    RowResult row{.name = planned.name, .models = {}};
    row.noise_floor = planned.noise_floor;
    row.is_chosen_by_judges = planned.is_chosen_by_judges;
    for (const PlannedModel& model : planned.models) {
      ModelResult result;
      result.training_seed = model.training_seed;
      result.unlearning_seed = model.unlearning_seed;
      result.report = Json::object();
      const auto failed = outcome.failed.find(model.evaluate);
      if (failed != outcome.failed.end()) {
        result.status = "failed";
        result.message = failed->second;
      } else {
        const Json stored = read_json(store, plan.stages[model.evaluate].key, kMetricsFile);
        result.status = stored.at("status");
        result.message = stored.at("message");
        result.report = stored.at("report");
        result.at_least = stored.at("at_least").get<std::set<std::string>>();
        for (const auto& [column, value] : stored.at("values").items()) {
          add_column(results.columns, column);
          if (value.is_number()) result.values[column] = value.get<double>();
        }
      }
      row.models.push_back(std::move(result));
    }
    if (planned.compare && !outcome.failed.contains(*planned.compare)) {
      const Json stored = read_json(store, plan.stages[*planned.compare].key, kMetricsFile);
      read_together(row, stored.at("values"), results.columns);
    }
    results.rows.push_back(std::move(row));
  }
  derive_columns(results, experiment.spec.measure, metrics);
  results.describe_columns(metrics);
  estimate_pairwise_columns(results);
  return results;
}

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
    results.machines = json.value("machines", Json::array());
    for (const Json& machine : results.machines) {
      static_cast<void>(machine.at("stages").get<double>());
    }
    for (const Json& stored : json.at("rows")) {
      reading = "a row";
      RowResult row{.name = stored.at("name").get<std::string>(), .models = {}};
      reading = fmt::format("the row {}", quote(row.name));
      row.noise_floor = stored.value("noise_floor", kNoiseFloor);
      row.is_chosen_by_judges = stored.value("chosen_by_judges", false);
      for (const Json& model : stored.at("models")) {
        row.models.push_back(
            {whole_number(model.at("training_seed")), whole_number(model.at("unlearning_seed")),
             model.at("status"), model.at("message").get<std::string>(),
             model.at("values").get<std::map<std::string, double>>(), model.at("report"),
             model.value("at_least", std::set<std::string>())});
        require_sweep(row.models.back().report);
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

}  // namespace oubli
