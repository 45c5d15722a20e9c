#include "experiments/engine/report/verdict.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "core/evaluate/statistics/holm.h"
#include "experiments/engine/plan/verdict_settings.h"

namespace oubli {
namespace {

std::string direction_of(const std::string& column, const ColumnInfo* info, double difference) {
  const bool above = difference > 0;
  if (info == nullptr || info->above == AboveMeans::kNothing) return "differs";
  if (info->above == AboveMeans::kUnderForgets || info->above == AboveMeans::kOverForgets) {
    const bool remembers = above == (info->above == AboveMeans::kUnderForgets);
    if (set_of(column) == "added") return remembers ? "over-learns" : "under-learns";
    return remembers ? "under-forgets" : "over-forgets";
  }
  const bool fits_better = (info->above == AboveMeans::kFits) == above;
  if (set_of(column) == "forget_true") return fits_better ? "differs" : "under-forgets";
  if (set_of(column) == "forget") return fits_better ? "under-forgets" : "over-forgets";
  if (set_of(column) == "added") return fits_better ? "over-learns" : "under-learns";
  return fits_better ? "differs" : "hurts";
}

// What the columns that differ say, without repeating. Where some column has a direction, the ones
// that have none add nothing; where some under-forget and others over-forget, all are named.
std::string directions_text(const std::vector<ColumnVerdict>& columns) {
  std::vector<std::pair<std::string, std::vector<std::string>>> directions;  // with their columns
  const auto find = [&](const std::string& word) {
    return std::find_if(directions.begin(), directions.end(),
                        [&](const auto& entry) { return entry.first == word; });
  };
  for (const ColumnVerdict& column : columns) {
    if (!column.different) continue;
    if (find(column.direction) == directions.end()) directions.push_back({column.direction, {}});
    find(column.direction)->second.push_back(column.column);
  }
  if (directions.size() > 1) {
    std::erase_if(directions, [](const auto& entry) { return entry.first == "differs"; });
  }
  const bool opposite =
      find("under-forgets") != directions.end() && find("over-forgets") != directions.end();
  std::vector<std::string> words;
  words.reserve(directions.size());
  for (const auto& [word, its_columns] : directions) {
    words.push_back(opposite && word != "hurts"
                        ? fmt::format("{} by {}", word, fmt::join(its_columns, " and "))
                        : word);
  }
  return fmt::format("{}", fmt::join(words, ", "));
}

std::string more_text(std::size_t more, const char* what) {
  return fmt::format("{} more {} seed{}", more, what, more == 1 ? "" : "s");
}

// Fewer seeds than these show too little of the spreads to plan by.
constexpr std::size_t kFewTraining = 5, kFewOracles = 8;

// How many seeds the slowest undecided column needs. `share`: of more oracles, how many judge.
std::string undecided_text(const std::vector<ColumnVerdict>& columns, double share) {
  std::size_t training = 0, oracles = 0;
  const auto needed = [&](std::size_t judges) {
    return static_cast<std::size_t>(std::ceil(static_cast<double>(judges) / share));
  };
  const Equivalence& first = columns.front().comparison;
  if (first.method.n < kFewTraining || first.oracles.n < kFewOracles) {
    return fmt::format("undecided: too few seeds; try {} training and {} oracle",
                       std::max<std::size_t>(first.method.n, 8),
                       needed(std::max<std::size_t>(first.oracles.n, 16)));
  }
  for (const ColumnVerdict& column : columns) {
    if (column.equivalent) continue;
    const auto plan = more_seeds(column.comparison);
    if (!plan) {
      return fmt::format("undecided: needs more than 1000 seeds ({} is near the margin)",
                         column.column);
    }
    training = std::max(training, plan->training - column.comparison.method.n);
    oracles = std::max(oracles, needed(plan->oracles - column.comparison.oracles.n));
  }
  std::vector<std::string> parts;
  if (training > 0) parts.push_back(more_text(training, "training"));
  if (oracles > 0) parts.push_back(more_text(oracles, "oracle"));
  if (parts.empty()) return "undecided: needs a few more seeds";
  return fmt::format("undecided: needs about {}", fmt::join(parts, " and "));
}

std::string without_value_text(const std::vector<std::string>& columns) {
  return fmt::format("undecided: no value of {}", fmt::join(columns, ", "));
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
  const std::vector<std::string> asked = VerdictSettings::from(results.resolved).columns;
  if (!asked.empty()) return asked;
  const std::vector<std::string>& decisive = VerdictSettings::standard_columns();
  std::vector<std::string> columns;
  for (const std::string& column : results.columns) {
    if (std::find(decisive.begin(), decisive.end(), column) != decisive.end()) {
      columns.push_back(column);
    }
  }
  return columns;
}

namespace {

bool is_decided_on(const Results& results, const std::string& column, bool privacy_only) {
  const ColumnInfo* info = results.info(column);
  const bool privacy = info != nullptr && info->group == ColumnGroup::kPrivacy;
  return !privacy_only || privacy || is_about_edited_set(column);
}

// A row's values of one column against the oracles'. Absent where either has none, or only limits.
std::optional<Equivalence> held_against_oracles(const Results& results, const RowResult& row,
                                                const std::string& column,
                                                const VerdictSettings& settings) {
  const std::vector<double> values = row.seed_means(column);
  const std::vector<double> oracles = results.oracle_values(row, column);
  if (values.empty() || oracles.empty() || row.at_least(column)) return std::nullopt;
  EquivalenceOptions options{.margin_factor = settings.margin, .alpha = settings.alpha};
  if (const ColumnInfo* info = results.info(column)) options.resolution = info->resolution;
  if (metric_of(column) == "accuracy") {
    // One example more or less matters to nobody.
    options.resolution = 1.0 / results.set_size(set_of(column));
  }
  return compare_with_oracles(values, oracles, options);
}

// Holm's correction over the columns, and with it which of them differ.
void find_differences(std::vector<ColumnVerdict>& columns, const Results& results, double alpha) {
  std::vector<double> p_values;
  p_values.reserve(columns.size());
  for (const ColumnVerdict& column : columns) {
    const std::optional<EquivalenceTests>& tests = column.comparison.tests;
    p_values.push_back(tests ? tests->p_different : 1);
  }
  const std::vector<double> adjusted = holm_adjusted(p_values);
  for (std::size_t i = 0; i < columns.size(); ++i) {
    ColumnVerdict& column = columns[i];
    column.p_adjusted = adjusted[i];
    column.different = !column.equivalent && adjusted[i] < alpha;
    if (column.different) {
      column.direction =
          direction_of(column.column, results.info(column.column), column.comparison.difference);
    }
  }
}

}  // namespace

RowVerdict judge(const Results& results, const RowResult& row, bool privacy_only) {
  RowVerdict result;
  if (!row.failure_text().empty()) {
    result.kind = RowVerdict::Kind::kFailed;
    result.text = "failed";
    return result;
  }
  std::vector<std::string> decisive = decisive_columns(results);
  std::erase_if(decisive, [&](const std::string& column) {
    return !is_decided_on(results, column, privacy_only);
  });
  const RowResult* floor = results.floor_of(row);
  const std::size_t oracles = floor == nullptr ? 0 : floor->models.size();
  if (oracles < 2) {
    result.text = "undecided: needs two oracle seeds or more";
    return result;
  }
  const VerdictSettings settings = VerdictSettings::from(results.resolved);
  std::vector<std::string> without_value;
  for (const std::string& column : decisive) {
    const auto comparison = held_against_oracles(results, row, column, settings);
    if (comparison) {
      const bool equivalent = comparison->tests && comparison->tests->equivalent;
      result.columns.push_back({column, *comparison, 1, equivalent, false, ""});
    } else {
      without_value.push_back(column);
    }
  }
  find_differences(result.columns, results, settings.alpha);
  const auto any = [&](bool ColumnVerdict::*what, bool value) {
    return std::any_of(result.columns.begin(), result.columns.end(),
                       [&](const ColumnVerdict& column) { return column.*what == value; });
  };
  if (any(&ColumnVerdict::different, true)) {
    result.kind = RowVerdict::Kind::kDistinguishable;
    result.text = fmt::format("distinguishable ({})", directions_text(result.columns));
  } else if (!without_value.empty()) {
    result.text = oracles < 3 ? "undecided: needs three oracle seeds or more"
                              : without_value_text(without_value);
  } else if (result.columns.empty()) {
    result.text = "undecided: no decisive metric was measured";
  } else if (any(&ColumnVerdict::equivalent, false)) {
    result.text = undecided_text(result.columns, row.noise_floor == kSweptNoiseFloor ? 0.5 : 1);
  } else {
    result.kind = RowVerdict::Kind::kIndistinguishable;
    result.text = "indistinguishable";
  }
  if (row.is_chosen_by_judges) result.text += "; settings chosen by the oracles that judge";
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

namespace {

// Why no column of the original could be tested, from what is there.
std::string what_makes_columns_decide(const Results& results) {
  const RowResult* original = results.find("original");
  const RowResult* floor = results.find(kNoiseFloor);
  if (!original->failure_text().empty()) {
    return original->failure_text().starts_with("diverged")
               ? "Its training diverged: try a smaller train.optimizer.lr."
               : "A stage of it failed, as is said above.";
  }
  if (floor == nullptr || floor->models.size() < 3) {
    return "What would make it able to: three oracles or more (seeds.oracle).";
  }
  return "What would make it able to: a column of the edited set that is measured and decides, "
         "such as accuracy/forget, loss/forget or ulira_auc in `verdict: {columns: [...]}`.";
}

}  // namespace

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
  if (verdict.columns.empty()) {
    return {false, fmt::format("POWER CHECK: NOT PASSED. The original cannot be held against the "
                               "oracles ({}), so THIS EXPERIMENT CANNOT RANK METHODS. {}",
                               verdict.text, what_makes_columns_decide(results))};
  }
  const std::string memorise =
      "training that memorises (more epochs, less l2, a larger model) or a forget set that matters "
      "(mislabelled examples, a class, more of them)";
  if (verdict.kind == RowVerdict::Kind::kIndistinguishable) {
    return {false, fmt::format("POWER CHECK: FAILED. The original cannot be told from the oracles: "
                               "within the margin nothing was memorised, so THIS EXPERIMENT CANNOT "
                               "RANK METHODS. What would make it able to: {}; or a smaller "
                               "`verdict: {{margin: ...}}`, if that is wide.",
                               memorise)};
  }
  return {false,
          fmt::format("POWER CHECK: NOT PASSED. The original was not told from the oracles on "
                      "the edited set ({}), so THIS EXPERIMENT CANNOT RANK METHODS yet. What would "
                      "make it able to: more seeds, {}.",
                      verdict.text, memorise)};
}

}  // namespace oubli
