#include "experiments/engine/reproduce/paper_results.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <optional>
#include <utility>

#include "experiments/engine/plan/load.h"
#include "experiments/engine/reproduce/paper_runs.h"

namespace oubli {
namespace {

constexpr std::string_view kReport = "report.";

// A number in a method's report by a path such as details.bound; none where there is none.
std::optional<double> in_report(const Json& report, const std::string& path) {
  const Json* at = &report;
  std::size_t begin = 0;
  while (begin <= path.size()) {
    const std::size_t end = std::min(path.find('.', begin), path.size());
    const std::string key = path.substr(begin, end - begin);
    if (!at->is_object() || !at->contains(key)) return std::nullopt;
    at = &at->at(key);
    begin = end + 1;
  }
  if (at->is_boolean()) return at->get<bool>() ? 1.0 : 0.0;
  return at->is_number() ? std::optional<double>(at->get<double>()) : std::nullopt;
}

// One for each original: runs on one are averaged.
std::vector<double> values_in_reports(const RowResult& row, const std::string& path) {
  std::map<std::int64_t, std::vector<double>> by_seed;
  for (const ModelResult& model : row.models) {
    const std::optional<double> value = in_report(model.report, path);
    if (!value) return {};
    by_seed[model.training_seed].push_back(*value);
  }
  std::vector<double> means;
  means.reserve(by_seed.size());
  for (const auto& [seed, values] : by_seed) means.push_back(estimate_mean(values).mean);
  return means;
}

std::vector<double> values_in(const RowResult& row, const std::string& column) {
  if (column.starts_with(kReport)) return values_in_reports(row, column.substr(kReport.size()));
  return row.seed_means(column);
}

const Results& at_checkpoint(const Results& results, const Reference& reference,
                             const Origin& origin) {
  if (reference.at == 0 || reference.at == results.after_requests) return results;
  std::vector<std::string> there;
  for (const Results& each : results.checkpoints) {
    if (each.after_requests == reference.at) return each;
    there.push_back(std::to_string(each.after_requests));
  }
  fail_at(origin, fmt::format("there is no checkpoint {}; there are {}.", reference.at,
                              fmt::join(there, ", ")));
}

// A column of the run's, whichever rows have a value in it; or of a method's report.
void require_column(const Results& results, const std::string& column, const Origin& origin) {
  const std::vector<std::string>& columns = results.columns;
  const bool is_there = std::find(columns.begin(), columns.end(), column) != columns.end();
  if (is_there || column.starts_with(kReport)) return;
  fail_at(origin, unknown_name_message("column", column, columns));
}

const RowResult& row_of(const Results& results, const std::string& name, const Origin& origin) {
  if (const RowResult* row = results.find(name)) return *row;
  std::vector<std::string> names;
  for (const RowResult& row : results.rows) names.push_back(row.name);
  fail_at(origin, unknown_name_message("row", name, names));
}

// Of values that all originals have together, with an interval that is wide enough however they
// depend on each other: the larger change that each one's half width makes, added. A part without
// an interval counts as a constant.
Estimate of_wholes(const Expression& expression, const std::vector<Estimate>& wholes) {
  std::vector<double> means;
  means.reserve(wholes.size());
  for (const Estimate& whole : wholes) means.push_back(whole.mean);
  Estimate estimate;
  estimate.mean = expression.at(means);
  estimate.n = wholes.front().n;
  double half = 0;
  bool has_interval = false;
  for (std::size_t i = 0; i < wholes.size(); ++i) {
    estimate.n = std::min(estimate.n, wholes[i].n);
    if (!wholes[i].half_width) continue;
    has_interval = true;
    double change = 0;
    for (const double sign : {-1.0, 1.0}) {
      std::vector<double> moved = means;
      moved[i] += sign * *wholes[i].half_width;
      change = std::max(change, std::abs(expression.at(moved) - estimate.mean));
    }
    half += change;
  }
  if (has_interval) estimate.half_width = half;
  return estimate;
}

Reproduced finite_or_problem(const Estimate& estimate, const std::string& over) {
  if (!std::isfinite(estimate.mean) || !std::isfinite(estimate.half_width.value_or(0))) {
    return {{}, "it is no number", ""};
  }
  return {estimate, "", over};
}

}  // namespace

PaperResults::PaperResults(const Paper& paper, const Store& store, const Registries& registries,
                           const RunSettings& settings,
                           const std::function<void(const std::string& run)>& started) {
  const auto begin = std::chrono::steady_clock::now();
  std::map<std::string, std::int64_t> machines;
  for (const PaperRun& run : paper.runs) {
    for (const GridValues& values : combinations(run.over)) {
      Point point{values, {}};
      for (std::int64_t round = 0; round < run.rounds; ++round) {
        started(fmt::format("{}{}{}", run.name,
                            values.empty() ? "" : fmt::format(" {}", to_string(values)),
                            run.rounds > 1 ? fmt::format(", round {}", round + 1) : ""));
        const Experiment experiment =
            load_experiment(run.file, overrides_of(run, values, round), settings.data, registries);
        const Plan plan = load_plan(experiment, registries);
        const std::size_t done = run.rounds > 1 ? run_here(experiment, plan, store, registries) : 0;
        point.rounds.push_back(run_experiment(experiment, plan, store, registries, settings));
        ++runs_done_;
        stages_ += plan.stages.size();
        const std::size_t cached = point.rounds.back().cached_stages;
        cached_ += cached - std::min(cached, done);
        failed_ += point.rounds.back().failed_stages.size();
        for (Json machine : point.rounds.back().machines) {
          const auto stages = machine.at("stages").get<std::int64_t>();
          machine.erase("stages");
          machines[machine.dump()] += stages;
        }
      }
      points_[run.name].push_back(std::move(point));
    }
  }
  for (const auto& [machine, stages] : machines) {
    machines_.push_back(Json::parse(machine));
    machines_.back()["stages"] = stages;
  }
  seconds_ = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

const PaperResults::Point& PaperResults::point_of(const Reference& reference,
                                                  const Origin& origin) const {
  const auto found = points_.find(reference.run);
  if (found == points_.end()) {
    std::vector<std::string> names;
    for (const auto& [name, points] : points_) names.push_back(name);
    fail_at(origin, unknown_name_message("run", reference.run, names));
  }
  std::vector<std::string> there;
  for (const Point& point : found->second) {
    if (point.values == reference.values) return point;
    there.push_back(fmt::format("({})", to_string(point.values)));
  }
  fail_at(origin, fmt::format("the run '{}' has no values ({}); it has {}", reference.run,
                              to_string(reference.values), fmt::join(there, ", ")));
}

PaperResults::Values PaperResults::values_of(const Reference& reference,
                                             const Origin& origin) const {
  const Point& point = point_of(reference, origin);
  Values values;
  values.are_rounds = point.rounds.size() > 1;
  values.is_of_effects = point.rounds.front().is_attribution();
  for (const Results& results : point.rounds) {
    const Results& there = at_checkpoint(results, reference, origin);
    const RowResult& row = row_of(there, reference.row, origin);
    if (const std::string failure = row.failure_text(); !failure.empty()) {
      values.problem = fmt::format("{}: {}", row.name, failure);
      return values;
    }
    require_column(there, reference.column, origin);
    const std::vector<double> own = values_in(row, reference.column);
    values.is_lower_limit = values.is_lower_limit || row.at_least(reference.column);
    if (!values.are_rounds) {
      values.each = own;
      values.whole =
          own.empty() ? row.cell(reference.column) : std::optional<Estimate>(estimate_mean(own));
    } else if (!own.empty()) {
      values.each.push_back(estimate_mean(own).mean);
    }
    if (own.empty() && !values.whole) {
      values.problem = fmt::format("{} has no value of {}", row.name, reference.column);
      return values;
    }
  }
  if (values.are_rounds) values.whole = estimate_mean(values.each);
  return values;
}

Reproduced PaperResults::evaluate(const Expression& expression, const Origin& origin) const {
  std::vector<Values> all;
  std::size_t count = 1;
  bool are_rounds = false;
  for (const Reference& reference : expression.references) {
    all.push_back(values_of(reference, origin));
    if (!all.back().problem.empty()) return {{}, all.back().problem, ""};
    if (all.back().is_lower_limit && !expression.is_bare()) {
      return {{}, fmt::format("{} is only a lower limit", reference.column), ""};
    }
    count = std::max(count, all.back().each.size());
    if (all.back().each.empty()) count = std::max(count, all.back().whole->n);
    are_rounds = are_rounds || all.back().are_rounds;
  }
  const bool are_pooled =
      std::any_of(all.begin(), all.end(), [](const Values& each) { return each.each.empty(); });
  const bool are_of_effects = are_pooled && all.front().is_of_effects;
  const std::string over =
      are_of_effects
          ? "originals, tests and what was left out"
          : fmt::format("{} {}{}", count, are_rounds ? "round" : "original", count == 1 ? "" : "s");
  if (expression.is_bare()) return finite_or_problem(*all.front().whole, over);
  if (are_pooled) {
    std::vector<Estimate> wholes;
    wholes.reserve(all.size());
    for (const Values& each : all) wholes.push_back(*each.whole);
    return finite_or_problem(of_wholes(expression, wholes), over);
  }
  std::vector<double> values;
  for (std::size_t i = 0; i < count; ++i) {
    std::vector<double> own;
    for (const Values& each : all) {
      if (each.each.size() != 1 && each.each.size() != count) {
        return {{}, "its parts have different numbers of originals", ""};
      }
      own.push_back(each.each[each.each.size() == 1 ? 0 : i]);
    }
    values.push_back(expression.at(own));
    if (!std::isfinite(values.back())) return {{}, "it is no number", ""};
  }
  return {estimate_mean(values), "", over};
}

}  // namespace oubli
