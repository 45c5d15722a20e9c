#include "core/base/settings_value.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "core/base/number_text.h"
#include "core/base/text.h"

namespace oubli {
namespace {

std::string with_range(const std::string& type, const std::string& range) {
  return range.empty() ? type : type + " " + range;
}

}  // namespace

[[noreturn]] void fail_at(const Origin& origin, const std::string& message) {
  const std::string where = origin.text();
  throw Error(ErrorKind::kSettings, where.empty() ? message : where + ": " + message);
}

SettingsNode::SettingsNode() = default;
SettingsNode::~SettingsNode() = default;
SettingsNode::SettingsNode(const SettingsNode&) = default;
SettingsNode::SettingsNode(SettingsNode&&) noexcept = default;
SettingsNode& SettingsNode::operator=(const SettingsNode&) = default;
SettingsNode& SettingsNode::operator=(SettingsNode&&) noexcept = default;

const SettingsNode* SettingsNode::find(const std::string& key) const {
  for (const auto& [name, value] : entries) {
    if (name == key) return &value;
  }
  return nullptr;
}

std::string kind_name(const SettingsNode& node) {
  switch (node.kind) {
    case SettingsNode::Kind::kNull:
      return "nothing";
    case SettingsNode::Kind::kScalar:
      return quote(node.scalar);
    case SettingsNode::Kind::kSequence:
      return "a list";
    case SettingsNode::Kind::kMap:
      return "a map";
  }
  return "";
}

std::string range_text(const RealOption& o) {
  const bool low = o.above > -kUnbounded || o.at_least > -kUnbounded;
  const bool high = o.below < kUnbounded || o.at_most < kUnbounded;
  std::string text;
  if (low) {
    text = o.above > -kUnbounded ? fmt::format("above {}", o.above)
                                 : fmt::format("at least {}", o.at_least);
  }
  if (high) {
    text += fmt::format("{}{}", low ? " and " : "",
                        o.below < kUnbounded ? fmt::format("below {}", o.below)
                                             : fmt::format("at most {}", o.at_most));
  }
  return text;
}

std::string range_text(const IntegerOption& o) {
  const bool low = o.at_least != -kMostCount;
  const bool high = o.at_most != kMostCount && o.at_most != kLargestSeed;
  std::string text = low ? fmt::format("at least {}", o.at_least) : "";
  if (high) text += fmt::format("{}at most {}", low ? " and " : "", o.at_most);
  return text;
}

double parse_real(const SettingsNode& node, const std::string& key, const RealOption& option) {
  const std::string expected = with_range("a number", range_text(option));
  const std::optional<double> value = number_in<double>(node.scalar);
  if (node.kind != SettingsNode::Kind::kScalar || !value || !std::isfinite(*value)) {
    fail_at(node.origin, fmt::format("'{}' must be {}, found {}.", key, expected, kind_name(node)));
  }
  if (!(*value > option.above && *value >= option.at_least && *value <= option.at_most &&
        *value < option.below)) {
    fail_at(node.origin,
            fmt::format("'{}' must be {}, found {}.", key, expected, clipped(node.scalar)));
  }
  return *value;
}

std::int64_t parse_integer(const SettingsNode& node, const std::string& key,
                           const IntegerOption& option) {
  const std::string expected = with_range("a whole number", range_text(option));
  std::int64_t value = 0;
  const char* end = node.scalar.data() + node.scalar.size();
  const auto [stop, failure] = std::from_chars(node.scalar.data(), end, value);
  const bool is_number = node.kind == SettingsNode::Kind::kScalar && stop == end;
  const bool is_too_large =
      is_number && (value > option.at_most ||
                    (failure == std::errc::result_out_of_range && node.scalar.front() != '-'));
  if (is_too_large) {
    fail_at(node.origin, fmt::format("'{}' must be a whole number of at most {}, found {}.", key,
                                     option.at_most, clipped(node.scalar)));
  }
  if (!is_number || failure != std::errc() || value < option.at_least) {
    fail_at(node.origin, fmt::format("'{}' must be {}, found {}.", key, expected, kind_name(node)));
  }
  return value;
}

const std::string& parse_scalar(const SettingsNode& node, const std::string& key,
                                const std::string& expected) {
  if (node.kind != SettingsNode::Kind::kScalar) {
    fail_at(node.origin, fmt::format("'{}' must be {}, found {}.", key, expected, kind_name(node)));
  }
  return node.scalar;
}

double inside(const RealOption& o) {
  const double low = std::max(o.above, o.at_least);
  const double high = std::min(o.below, o.at_most);
  if (std::isfinite(low) && std::isfinite(high)) return 0.5 * (low + high);
  if (std::isfinite(low)) return low + 1;
  return std::isfinite(high) ? high - 1 : 0.0;
}

}  // namespace oubli
