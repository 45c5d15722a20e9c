// The selector `where`: training rows by what a column of the table says.
#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/base/text.h"
#include "datasets/draw.h"
#include "datasets/selectors/amount.h"
#include "datasets/table/table.h"

namespace oubli {
namespace {

constexpr double kNoNumber = std::numeric_limits<double>::quiet_NaN();

// A bound as it is written: a number or a date.
struct Bound {
  std::string text;
  Origin origin;

  double value() const { return number_or_days(text); }
};

struct Condition {
  std::string column;
  Origin origin;
  std::vector<std::string> is;
  std::optional<Bound> before, after, at_least, at_most;
  std::optional<Amount> amount;
};

std::optional<Bound> read_bound(const Settings& settings, const std::string& key,
                                const std::string& doc) {
  const Origin origin = settings.origin(key);
  const std::string text = settings.text(key, {.default_value = "", .doc = doc});
  if (text.empty()) return std::nullopt;
  Bound bound{text, origin};
  if (!settings.is_describing() && std::isnan(bound.value())) {
    fail_at(origin, fmt::format("'{}' is {}, expected a number or a date such as 2026-11-28{}.",
                                key, quote(text),
                                text.find(',') == std::string::npos
                                    ? ""
                                    : "; decimals stand behind a point here, whatever the data's "
                                      "file has"));
  }
  return bound;
}

Condition read_condition(const Settings& settings) {
  Condition condition;
  condition.origin = settings.origin();
  condition.column = settings.text("column", {.doc = "a column of the table, feature or not"});
  condition.is = settings.texts("is", "texts that are chosen");
  condition.before = read_bound(settings, "before", "chosen below this number, or date");
  condition.after = read_bound(settings, "after", "chosen above this number, or date");
  condition.at_least = read_bound(settings, "at_least", "chosen from this number, or date, on");
  condition.at_most = read_bound(settings, "at_most", "chosen up to this number, or date");
  const bool has_bound =
      condition.before || condition.after || condition.at_least || condition.at_most;
  if (!settings.is_describing() && !has_bound && condition.is.empty()) {
    fail_at(settings.origin(),
            "no condition is given: `is`, `before`, `after`, `at_least` or "
            "`at_most`.");
  }
  if (settings.has("fraction") || settings.has("count") || settings.is_describing()) {
    condition.amount = read_amount(settings);
  }
  return condition;
}

// A row's value as a number, or a date's days.
double number_at(const RowColumn& column, std::size_t row) {
  if (!column.is_text()) return column.numbers[row];
  const std::string text = column.text(static_cast<std::int64_t>(row));
  return text.empty() ? kNoNumber : number_or_days(text);
}

// Whether a text is what a row has: as numbers and dates are written there, or, where a column is
// of 0 and 1, as truth is.
bool is_same(const std::string& text, const RowColumn& column, std::size_t row, bool is_boolean) {
  if (text == column.text(static_cast<std::int64_t>(row))) return true;
  if (column.is_text()) return false;
  const double value = column.numbers[row];
  return number_or_days(text) == value || (is_boolean && boolean_of(text) == value);
}

// No other numbers than 0 and 1.
bool is_of_truth(const RowColumn& column) {
  return !column.is_text() && !column.is_date &&
         std::all_of(column.numbers.begin(), column.numbers.end(),
                     [](double value) { return std::isnan(value) || value == 0 || value == 1; });
}

bool holds(const Condition& condition, const RowColumn& column, std::size_t row, bool is_boolean) {
  if (!condition.is.empty() &&
      std::none_of(condition.is.begin(), condition.is.end(), [&](const std::string& text) {
        return is_same(text, column, row, is_boolean);
      })) {
    return false;
  }
  const double number = number_at(column, row);
  // What is no number is on no side of one.
  return (!condition.before || number < condition.before->value()) &&
         (!condition.after || number > condition.after->value()) &&
         (!condition.at_least || number >= condition.at_least->value()) &&
         (!condition.at_most || number <= condition.at_most->value());
}

// What a column holds in these rows: a few values each, of many numbers the smallest and largest.
std::string values_text(const RowColumn& column, const Tensor& rows) {
  constexpr std::size_t kFew = 20;
  std::vector<std::string> texts;
  std::set<std::string> seen;
  double least = kUnbounded, most = -kUnbounded;
  const auto* values = rows.const_data_ptr<std::int64_t>();
  for (std::int64_t i = 0; i < rows.numel(); ++i) {
    std::string text = column.text(values[i]);
    if (text.empty()) continue;
    if (!column.is_text()) {
      least = std::min(least, column.numbers[static_cast<std::size_t>(values[i])]);
      most = std::max(most, column.numbers[static_cast<std::size_t>(values[i])]);
    }
    if (seen.insert(text).second) texts.push_back(quote(text));
  }
  if (texts.empty()) return "nothing";
  if (column.is_text() || texts.size() <= kFew) return listed(texts);
  const auto written = [&](double value) {
    return column.is_date ? date_text(value) : fmt::format("{}", value);
  };
  return fmt::format("{} different values from {} to {}", texts.size(), written(least),
                     written(most));
}

Selection choose_where(const Condition& condition, const Dataset& dataset, const Splits& splits,
                       const Generator& generator) {
  const auto found = dataset.columns.find(condition.column);
  if (found == dataset.columns.end()) {
    std::vector<std::string> names;
    for (const auto& [name, column] : dataset.columns) names.push_back(name);
    fail_task(condition.origin,
              names.empty() ? fmt::format("'{}' is no table: it has no columns.", dataset.name)
                            : unknown_name_message("column", condition.column, names));
  }
  std::vector<std::int64_t> rows;
  const bool is_boolean = is_of_truth(found->second);
  const auto* train = splits.train.const_data_ptr<std::int64_t>();
  for (std::int64_t i = 0; i < splits.train.numel(); ++i) {
    if (holds(condition, found->second, static_cast<std::size_t>(train[i]), is_boolean)) {
      rows.push_back(train[i]);
    }
  }
  if (rows.empty()) {
    Selection none{at::empty({0}, at::kLong)};
    none.notes.push_back(fmt::format("column {} holds {}{}", quote(condition.column),
                                     values_text(found->second, splits.train),
                                     is_boolean ? " (0 for no, 1 for yes)" : ""));
    return none;
  }
  const Tensor candidates = at::tensor(rows, at::kLong);
  return {condition.amount ? drawn(candidates, *condition.amount, generator) : candidates};
}

}  // namespace

Choose read_where(const Settings& settings) {
  const Settings map = settings.child("where", "training rows by a column of the table");
  return [condition = read_condition(map)](const Dataset& dataset, const Splits& splits,
                                           const Generator& generator) {
    return choose_where(condition, dataset, splits, generator);
  };
}

}  // namespace oubli
