#include "experiments/engine/results.h"

#include <fmt/format.h>

#include <algorithm>

namespace oubli {
namespace {

Json estimate_json(const Estimate& estimate) {
  return {{"mean", estimate.mean},
          {"half_width_95", estimate.half_width ? Json(*estimate.half_width) : Json(nullptr)},
          {"n", estimate.n}};
}

}  // namespace

std::string RowResult::trouble() const {
  std::size_t diverged = 0, failed = 0;
  for (const ModelResult& model : models) {
    diverged += model.status == "diverged";
    failed += model.status == "failed";
  }
  if (failed > 0) return fmt::format("failed {}/{}", failed, models.size());
  return diverged > 0 ? fmt::format("diverged {}/{}", diverged, models.size()) : "";
}

std::vector<double> RowResult::seed_means(const std::string& column) const {
  if (!trouble().empty()) return {};
  std::map<std::int64_t, std::vector<double>> by_seed;
  for (const ModelResult& model : models) {
    const auto found = model.values.find(column);
    if (found == model.values.end()) return {};
    by_seed[model.training_seed].push_back(found->second);
  }
  std::vector<double> means;
  for (const auto& [seed, values] : by_seed) means.push_back(estimate_mean(values).mean);
  return means;
}

std::optional<Estimate> RowResult::cell(const std::string& column) const {
  const std::vector<double> means = seed_means(column);
  if (means.empty()) return std::nullopt;
  return estimate_mean(means);
}

const ColumnInfo* Results::info(const std::string& column) const {
  const auto found = infos.find(column);
  return found == infos.end() ? nullptr : &found->second;
}

double Results::set_size(const std::string& set) const {
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

Results collect_results(const Experiment& experiment, const Plan& plan, const Store& store,
                        const RunOutcome& outcome, const Registry<Metric>& metrics) {
  Results results;
  results.title = experiment.spec.title;
  results.resolved = experiment.spec.resolved;
  results.sets = {{"train", experiment.task.train.size()}};
  for (const NamedRows& set : experiment.metric_sets()) results.sets[set.name] = set.rows.numel();
  for (const PlannedRow& planned : plan.rows) {
    RowResult row{planned.name, {}};
    for (const PlannedModel& model : planned.models) {
      ModelResult result{model.training_seed, model.unlearning_seed, "", "", {}, Json::object()};
      const auto failed = outcome.failed.find(model.evaluate);
      if (failed != outcome.failed.end()) {
        result.status = "failed";
        result.message = failed->second;
      } else {
        const Json stored = Json::parse(
            read_text_file(store.entry(plan.stages[model.evaluate].key) / "metrics.json"));
        result.status = stored.at("status");
        result.message = stored.at("message");
        result.report = stored.at("report");
        for (const auto& [column, value] : stored.at("values").items()) {
          if (std::find(results.columns.begin(), results.columns.end(), column) ==
              results.columns.end()) {
            results.columns.push_back(column);
          }
          if (value.is_number()) result.values[column] = value.get<double>();
        }
      }
      row.models.push_back(std::move(result));
    }
    results.rows.push_back(std::move(row));
  }
  results.describe_columns(metrics);
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
                        {"report", model.report}});
    }
    Json cells = Json::object();
    for (const std::string& column : columns) {
      if (const auto cell = row.cell(column)) cells[column] = estimate_json(*cell);
    }
    json["rows"].push_back(
        {{"name", row.name}, {"trouble", row.trouble()}, {"cells", cells}, {"models", models}});
  }
  json["settings"] = resolved;
  return json;
}

Results Results::from_json(const Json& json, const std::string& where) {
  Results results;
  try {
    results.title = json.at("title");
    results.columns = json.at("columns").get<std::vector<std::string>>();
    results.sets = json.at("sets");
    results.resolved = json.at("settings");
    for (const Json& stored : json.at("rows")) {
      RowResult row{stored.at("name"), {}};
      for (const Json& model : stored.at("models")) {
        row.models.push_back({model.at("training_seed"), model.at("unlearning_seed"),
                              model.at("status"), model.at("message"),
                              model.at("values").get<std::map<std::string, double>>(),
                              model.at("report")});
      }
      results.rows.push_back(std::move(row));
    }
  } catch (const Json::exception& error) {
    throw Error(ErrorKind::kData,
                fmt::format("{}: not the results of an oubli run: {}", where, error.what()));
  }
  return results;
}

}  // namespace oubli
