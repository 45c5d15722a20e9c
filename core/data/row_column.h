// A column of a table, as it was written: what selectors, attackers and reports know about a row
// beside its features. Identities, dates, groups, and what is left out of the features.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace oubli {

struct RowColumn {
  // One of both: numbers (a date in days since 1970-01-01), not a number where nothing is written;
  // or the level of each row, -1 where nothing is written.
  std::vector<double> numbers = {};
  std::vector<std::int32_t> level_of = {};
  std::vector<std::string> levels = {};  // in the order of their first rows
  bool is_date = false;                  // of numbers

  bool is_text() const { return !level_of.empty(); }
  // What was written, "" where nothing was.
  std::string text(std::int64_t row) const;
  // The level that is this text, -1 where none is.
  std::int32_t level(const std::string& text) const;
};

// Days since 1970-01-01 of "2026-11-28", "2026-11-28 17:05" or "2026-11-28T17:05:09" (ISO 8601,
// without a zone or with Z); not a number for anything else.
double days_of(const std::string& date);
// What a text says as a number, or as a date in such days; not a number for anything else.
double number_or_days(const std::string& text);
// The date of that many days, with its time where it has one.
std::string date_text(double days);

}  // namespace oubli
