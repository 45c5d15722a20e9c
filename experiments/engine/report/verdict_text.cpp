#include "experiments/engine/report/verdict_text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace oubli {
namespace {

std::string more_text(std::size_t more, const char* what) {
  return fmt::format("{} more {} seed{}", more, what, more == 1 ? "" : "s");
}

// Fewer seeds than these show too little of the spreads to plan by.
constexpr std::size_t kFewTraining = 5, kFewOracles = 8;

}  // namespace

std::string direction_of(const std::string& column, const ColumnInfo* info, double difference) {
  const bool above = difference > 0;
  const bool is_added = set_of(column) == "added" || set_of(column) == "added_reworded";
  if (info == nullptr || info->above == AboveMeans::kNothing) return "differs";
  if (info->above == AboveMeans::kUnderForgets || info->above == AboveMeans::kOverForgets) {
    const bool remembers = above == (info->above == AboveMeans::kUnderForgets);
    if (is_added) return remembers ? "over-learns" : "under-learns";
    return remembers ? "under-forgets" : "over-forgets";
  }
  const bool fits_better = (info->above == AboveMeans::kFits) == above;
  const std::string set = set_of(column);
  if (set == "forget_true" || set == "unknown_true") {
    return fits_better ? "differs" : "under-forgets";
  }
  if (set == "forget" || set == "forget_reworded" || set == "unknown") {
    return fits_better ? "under-forgets" : "over-forgets";
  }
  if (is_added) return fits_better ? "over-learns" : "under-learns";
  return fits_better ? "differs" : "hurts";
}

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

bool has_few_seeds(const Equivalence& comparison) {
  return comparison.method.n < kFewTraining || comparison.oracles.n < kFewOracles;
}

std::string undecided_text(const std::vector<ColumnVerdict>& columns, double share) {
  std::size_t training = 0, oracles = 0;
  const auto needed = [&](std::size_t judges) {
    return static_cast<std::size_t>(std::ceil(static_cast<double>(judges) / share));
  };
  const Equivalence& first = columns.front().comparison;
  if (has_few_seeds(first)) {
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

}  // namespace oubli
