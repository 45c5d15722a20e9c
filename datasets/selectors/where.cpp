// The selector `where`: training rows by what a column of the table says.
#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "core/base/text.h"
#include "datasets/draw.h"
#include "datasets/selectors/amount.h"

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
    fail_at(origin, fmt::format("'{}' is {}, expected a number or a date such as 2026-11-28.", key,
                                quote(text)));
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

bool holds(const Condition& condition, const RowColumn& column, std::size_t row) {
  if (!condition.is.empty()) {
    const std::string text = column.text(static_cast<std::int64_t>(row));
    if (std::find(condition.is.begin(), condition.is.end(), text) == condition.is.end()) {
      return false;
    }
  }
  const double number = number_at(column, row);
  // What is no number is on no side of one.
  return (!condition.before || number < condition.before->value()) &&
         (!condition.after || number > condition.after->value()) &&
         (!condition.at_least || number >= condition.at_least->value()) &&
         (!condition.at_most || number <= condition.at_most->value());
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
  const auto* train = splits.train.const_data_ptr<std::int64_t>();
  for (std::int64_t i = 0; i < splits.train.numel(); ++i) {
    if (holds(condition, found->second, static_cast<std::size_t>(train[i]))) {
      rows.push_back(train[i]);
    }
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
