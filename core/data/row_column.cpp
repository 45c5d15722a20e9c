#include "core/data/row_column.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <optional>
#include <string_view>

#include "core/base/number_text.h"

namespace oubli {
namespace {

constexpr double kSecondsOfADay = 86400;

// A number of exactly so many digits, which leave the text.
std::optional<int> take_digits(std::string_view& text, std::size_t digits) {
  if (text.size() < digits) return std::nullopt;
  int value = 0;
  for (const char c : text.substr(0, digits)) {
    if (c < '0' || c > '9') return std::nullopt;
    value = 10 * value + (c - '0');
  }
  text.remove_prefix(digits);
  return value;
}

bool take(std::string_view& text, char c) {
  if (text.empty() || text.front() != c) return false;
  text.remove_prefix(1);
  return true;
}

// Seconds since midnight of "17:05" or "17:05:09".
std::optional<int> seconds_of(std::string_view& text) {
  const std::optional<int> hours = take_digits(text, 2);
  if (!hours || *hours > 23 || !take(text, ':')) return std::nullopt;
  const std::optional<int> minutes = take_digits(text, 2);
  if (!minutes || *minutes > 59) return std::nullopt;
  std::optional<int> seconds = 0;
  if (take(text, ':')) seconds = take_digits(text, 2);
  if (!seconds || *seconds > 59) return std::nullopt;
  return *hours * 3600 + *minutes * 60 + *seconds;
}

}  // namespace

std::string RowColumn::text(std::int64_t row) const {
  const auto at = static_cast<std::size_t>(row);
  if (is_text()) return level_of[at] < 0 ? "" : levels[static_cast<std::size_t>(level_of[at])];
  if (std::isnan(numbers[at])) return "";
  return is_date ? date_text(numbers[at]) : fmt::format("{}", numbers[at]);
}

std::int32_t RowColumn::level(const std::string& text) const {
  const auto found = std::find(levels.begin(), levels.end(), text);
  return found == levels.end() ? -1 : static_cast<std::int32_t>(found - levels.begin());
}

double days_of(const std::string& date) {
  constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
  std::string_view text = date;
  const std::optional<int> year = take_digits(text, 4);
  if (!year || !take(text, '-')) return kNone;
  const std::optional<int> month = take_digits(text, 2);
  if (!month || !take(text, '-')) return kNone;
  const std::optional<int> day = take_digits(text, 2);
  if (!day) return kNone;
  const std::chrono::year_month_day calendar(std::chrono::year(*year),
                                             std::chrono::month(static_cast<unsigned>(*month)),
                                             std::chrono::day(static_cast<unsigned>(*day)));
  if (!calendar.ok()) return kNone;
  const auto days = static_cast<double>(std::chrono::sys_days(calendar).time_since_epoch().count());
  if (text.empty()) return days;
  if (!take(text, 'T') && !take(text, ' ')) return kNone;
  const std::optional<int> seconds = seconds_of(text);
  if (!seconds || (!text.empty() && text != "Z")) return kNone;
  return days + *seconds / kSecondsOfADay;
}

double number_or_days(const std::string& text) {
  const std::optional<double> number = number_in<double>(text);
  return number ? *number : days_of(text);
}

std::string date_text(double days) {
  const auto seconds = std::chrono::seconds(std::llround(days * kSecondsOfADay));
  const auto midnight = std::chrono::floor<std::chrono::days>(seconds);
  const std::chrono::year_month_day date{std::chrono::sys_days(midnight)};
  const std::string day =
      fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()),
                  static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
  const auto time = static_cast<int>((seconds - midnight).count());
  if (time == 0) return day;
  return fmt::format("{} {:02}:{:02}:{:02}", day, time / 3600, time / 60 % 60, time % 60);
}

}  // namespace oubli
