#include "experiments/engine/report/collect_results.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>

#include "core/evaluate/statistics/equivalence.h"
#include "experiments/engine/run/stage_files.h"

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

// What the halves of the tests chose of a row's settings.
void note_choices(const std::string& row, const Json& stored, std::vector<std::string>& notes) {
  std::vector<std::string> chosen;
  for (const Json& changes : stored.value("chosen", Json::array())) {
    std::vector<std::string> settings;
    for (const auto& [key, value] : changes.items()) {
      settings.push_back(fmt::format("{} {}", key, value.dump()));
    }
    chosen.push_back(fmt::format("{}", fmt::join(settings, ", ")));
  }
  const std::string problem = stored.value("problem", "");
  const std::string said = "leave_one_out has no values: " + problem;
  if (!problem.empty() && std::find(notes.begin(), notes.end(), said) == notes.end()) {
    notes.push_back(said);
  }
  if (chosen.empty()) return;
  notes.push_back(fmt::format("{}: each half of the tests is judged by what the other chose: {}",
                              row, fmt::join(chosen, "; ")));
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

// What the store has of one model. Columns that are new join the others.
ModelResult model_result(const PlannedModel& model, const Plan& plan, const Store& store,
                         const RunOutcome& outcome, std::vector<std::string>& columns) {
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
      add_column(columns, column);
      if (value.is_number()) result.values[column] = value.get<double>();
    }
  }
  return result;
}

// The rows of a plan, or of one of its checkpoints.
Results collect_rows(const Experiment& experiment, const std::vector<PlannedRow>& rows,
                     const Plan& plan, const Store& store, const RunOutcome& outcome,
                     const Registry<Metric>& metrics) {
  Results results;
  results.title = experiment.spec.title;
  results.resolved = experiment.spec.resolved;
  results.after_requests = static_cast<std::int64_t>(experiment.requests.size());
  results.sets = {{"train", experiment.task.train.size()}};
  for (const NamedRows& set : experiment.metric_sets()) results.sets[set.name] = set.rows.numel();
  for (const PlannedRow& planned : rows) {
    RowResult row{.name = planned.name, .models = {}};
    row.noise_floor = planned.noise_floor;
    row.is_chosen_by_judges = planned.is_chosen_by_judges;
    row.is_of_one_original = results.is_of_one_given_original();
    for (const PlannedModel& model : planned.models) {
      row.models.push_back(model_result(model, plan, store, outcome, results.columns));
    }
    if (planned.compare && !outcome.failed.contains(*planned.compare)) {
      const Json stored = read_json(store, plan.stages[*planned.compare].key, kMetricsFile);
      read_together(row, stored.at("values"), results.columns);
      note_choices(row.name, stored, results.notes);
    }
    results.rows.push_back(std::move(row));
  }
  derive_columns(results, experiment.spec.measure, metrics);
  results.describe_columns(metrics);
  estimate_pairwise_columns(results);
  return results;
}

// What is said of the run as a whole.
void note_run(Results& results, const Json& machines, const Plan& plan, const RunOutcome& outcome) {
  results.machines = machines;
  results.cached_stages = outcome.cached;
  for (const auto& [stage, reason] : outcome.failed) {
    results.failed_stages.push_back(fmt::format("{}: {}", plan.stages[stage].label, reason));
    const std::vector<std::size_t> inputs = plan.stages[stage].all_inputs();
    const bool is_the_cause = std::none_of(inputs.begin(), inputs.end(), [&](std::size_t input) {
      return outcome.failed.contains(input);
    });
    if (is_the_cause) results.failed_keys.push_back(plan.stages[stage].key);
  }
}

}  // namespace

Results collect_results(const Experiment& experiment, const Plan& plan, const Store& store,
                        const RunOutcome& outcome, const Registry<Metric>& metrics) {
  const Json machines = machines_of(plan, store, outcome);  // reads every stage
  const auto collect = [&](const Experiment& seen, const std::vector<PlannedRow>& rows) {
    Results results = collect_rows(seen, rows, plan, store, outcome, metrics);
    results.notes.insert(results.notes.begin(), experiment.notes.begin(), experiment.notes.end());
    note_run(results, machines, plan, outcome);
    return results;
  };
  if (experiment.checkpoints.empty()) return collect(experiment, plan.rows);
  std::vector<Results> checkpoints;
  for (std::size_t c = 0; c < experiment.checkpoints.size(); ++c) {
    checkpoints.push_back(collect(*experiment.checkpoints[c], plan.checkpoints[c]));
  }
  Results last = checkpoints.back();
  last.checkpoints = std::move(checkpoints);
  return last;
}

}  // namespace oubli
