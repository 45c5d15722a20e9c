#include "experiments/engine/verdict.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "core/evaluate/statistics/holm.h"
#include "experiments/engine/verdict_settings.h"

namespace oubli {
namespace {

std::string direction_of(const std::string& column, const ColumnInfo* info, double difference) {
  const bool above = difference > 0;
  if (info == nullptr) return "differs";
  if (info->above == "under-forgets") return above ? "under-forgets" : "over-forgets";
  if (info->above != "fits" && info->above != "misfits") return "differs";
  const bool fits_better = (info->above == "fits") == above;
  if (set_of(column) == "forget") return fits_better ? "under-forgets" : "over-forgets";
  if (set_of(column) == "added") return fits_better ? "over-learns" : "under-learns";
  return fits_better ? "differs" : "hurts";
}

// What the columns that differ say, without repeating. Where some column has a direction, the ones
// that have none add nothing.
std::string directions_text(const std::vector<ColumnVerdict>& columns) {
  std::vector<std::string> words;
  for (const ColumnVerdict& column : columns) {
    if (column.different &&
        std::find(words.begin(), words.end(), column.direction) == words.end()) {
      words.push_back(column.direction);
    }
  }
  if (words.size() > 1) std::erase(words, "differs");
  return fmt::format("{}", fmt::join(words, ", "));
}

std::string more_text(std::size_t more, const char* what) {
  return fmt::format("{} more {} seed{}", more, what, more == 1 ? "" : "s");
}

// How many seeds the slowest undecided column needs.
std::string undecided_text(const std::vector<ColumnVerdict>& columns) {
  std::size_t training = 0, oracles = 0;
  for (const ColumnVerdict& column : columns) {
    if (column.equivalent) continue;
    const auto plan = more_seeds(column.comparison);
    if (!plan) return "undecided: needs more than 1000 seeds";
    training = std::max(training, plan->training - column.comparison.method.n);
    oracles = std::max(oracles, plan->oracles - column.comparison.oracles.n);
  }
  std::vector<std::string> parts;
  if (training > 0) parts.push_back(more_text(training, "training"));
  if (oracles > 0) parts.push_back(more_text(oracles, "oracle"));
  if (parts.empty()) return "undecided: needs a few more seeds";
  return fmt::format("undecided: needs about {}", fmt::join(parts, " and "));
}

}  // namespace

std::string to_string(RowVerdict::Kind kind) {
  switch (kind) {
    case RowVerdict::Kind::kIndistinguishable:
      return "indistinguishable";
    case RowVerdict::Kind::kDistinguishable:
      return "distinguishable";
    case RowVerdict::Kind::kUndecided:
      return "undecided";
    case RowVerdict::Kind::kFailed:
      return "failed";
  }
  return "";
}

std::vector<std::string> decisive_columns(const Results& results) {
  const std::vector<std::string> decisive = VerdictSettings::from(results.resolved).columns;
  std::vector<std::string> columns;
  for (const std::string& column : results.columns) {
    if (std::find(decisive.begin(), decisive.end(), column) != decisive.end()) {
      columns.push_back(column);
    }
  }
  return columns;
}

RowVerdict judge(const Results& results, const RowResult& row, bool privacy_only) {
  RowVerdict result;
  const std::string trouble = row.trouble();
  if (!trouble.empty()) {
    result.kind = RowVerdict::Kind::kFailed;
    result.text = "failed";
    return result;
  }
  const RowResult* floor = results.find(kNoiseFloor);
  if (floor == nullptr || floor->models.size() < 2) {
    result.text = "undecided: needs two oracle seeds or more";
    return result;
  }
  const VerdictSettings settings = VerdictSettings::from(results.resolved);
  std::vector<double> p_values;
  for (const std::string& column : decisive_columns(results)) {
    const ColumnInfo* described = results.info(column);
    const bool privacy = described != nullptr && described->group == Group::kPrivacy;
    if (privacy_only && !privacy && !is_about_edited_set(column)) continue;
    const std::vector<double> values = row.seed_means(column);
    const std::vector<double> oracles = floor->seed_means(column);
    if (values.empty() || oracles.size() < 2) continue;
    EquivalenceOptions options{.margin_factor = settings.margin, .alpha = settings.alpha};
    if (described != nullptr) options.resolution = described->resolution;
    if (metric_of(column) == "accuracy") {
      // One example more or less matters to nobody.
      options.resolution = 1.0 / results.set_size(set_of(column));
    }
    ColumnVerdict verdict{column, compare_with_oracles(values, oracles, options), 1, false, false,
                          ""};
    const std::optional<EquivalenceTests>& tests = verdict.comparison.tests;
    verdict.equivalent = tests && tests->equivalent;
    p_values.push_back(tests ? tests->p_different : 1);
    result.columns.push_back(std::move(verdict));
  }
  if (result.columns.empty()) {
    result.text = "undecided: no decisive metric was measured";
    return result;
  }
  const std::vector<double> adjusted = holm_adjusted(p_values);
  bool all_equivalent = true, any_different = false;
  for (std::size_t i = 0; i < result.columns.size(); ++i) {
    ColumnVerdict& column = result.columns[i];
    column.p_adjusted = adjusted[i];
    column.different = !column.equivalent && adjusted[i] < settings.alpha;
    if (column.different) {
      column.direction =
          direction_of(column.column, results.info(column.column), column.comparison.difference);
    }
    all_equivalent = all_equivalent && column.equivalent;
    any_different = any_different || column.different;
  }
  if (any_different) {
    result.kind = RowVerdict::Kind::kDistinguishable;
    result.text = fmt::format("distinguishable ({})", directions_text(result.columns));
  } else if (all_equivalent) {
    result.kind = RowVerdict::Kind::kIndistinguishable;
    result.text = "indistinguishable";
  } else {
    result.text = undecided_text(result.columns);
  }
  return result;
}

Json verdicts_json(const Results& results) {
  Json rows = Json::object();
  for (const RowResult& row : results.rows) {
    if (row.is_noise_floor()) continue;
    const RowVerdict verdict = judge(results, row);
    Json columns = Json::object();
    for (const ColumnVerdict& column : verdict.columns) {
      const Equivalence& c = column.comparison;
      Json json = {{"difference", c.difference},
                   {"margin", c.margin.value},
                   {"equivalent", column.equivalent},
                   {"different", column.different},
                   {"direction", column.direction}};
      if (c.tests) {
        json["interval_95"] = {c.tests->interval_95.lower, c.tests->interval_95.upper};
        json["p_different_holm"] = column.p_adjusted;
        json["p_equivalent"] = std::max(c.tests->p_lower, c.tests->p_upper);
      }
      columns[column.column] = std::move(json);
    }
    rows[row.name] = {
        {"verdict", to_string(verdict.kind)}, {"text", verdict.text}, {"columns", columns}};
  }
  return rows;
}

PowerCheck check_power(const Results& results) {
  const RowResult* original = results.find("original");
  if (original == nullptr) return {false, "POWER CHECK: there is no original to hold up."};
  const RowVerdict verdict = judge(results, *original, /*privacy_only=*/true);
  if (verdict.kind == RowVerdict::Kind::kDistinguishable) {
    const ColumnVerdict* clearest = nullptr;
    for (const ColumnVerdict& column : verdict.columns) {
      if (column.different && (clearest == nullptr || column.p_adjusted < clearest->p_adjusted)) {
        clearest = &column;
      }
    }
    return {true, fmt::format("Power check: passed. The original is told from the oracles by {}: "
                              "{:.3g} against {:.3g}.",
                              clearest->column, clearest->comparison.method.mean,
                              clearest->comparison.oracles.mean)};
  }
  const std::string what_helps =
      "What would make it able to: training that memorises (more epochs, less l2, a larger model), "
      "a forget set that matters (mislabelled examples, a class, more of them), or more seeds.";
  if (verdict.kind == RowVerdict::Kind::kIndistinguishable) {
    return {false, fmt::format("POWER CHECK: FAILED. The original cannot be told from the oracles: "
                               "nothing was memorised, so THIS EXPERIMENT CANNOT RANK METHODS. {}",
                               what_helps)};
  }
  return {false,
          fmt::format("POWER CHECK: NOT PASSED. The original was not told from the oracles on "
                      "the edited set ({}), so THIS EXPERIMENT CANNOT RANK METHODS yet. {}",
                      verdict.text, what_helps)};
}

}  // namespace oubli
