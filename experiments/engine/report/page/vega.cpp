#include "experiments/engine/report/page/vega.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace oubli {

Json plot_spec(double height) {
  return {{"width", 640},
          {"height", height},
          {"padding", {{"left", 2}, {"right", 8}, {"top", 4}, {"bottom", 2}}},
          {"autosize", {{"type", "fit-x"}, {"contains", "padding"}}},
          {"signals", {{{"name", "space"}, {"value", 640}}}},
          {"data", Json::array()},
          {"scales", Json::array()},
          {"axes", Json::array()},
          {"marks", Json::array()}};
}

AxisRange axis_range(const std::vector<double>& values, double log_from) {
  std::vector<double> finite;
  for (const double value : values) {
    if (std::isfinite(value)) finite.push_back(value);
  }
  if (finite.empty()) return {};
  const auto [least, most] = std::minmax_element(finite.begin(), finite.end());
  if (*least > 0 && *most > log_from * *least) {
    const double room = std::pow(*most / *least, 0.04);
    return {*least / room, *most * room, true};
  }
  const double span = *most - *least;
  const double room = span > 0 ? 0.05 * span : std::max(std::abs(*most), 1e-3) * 0.1;
  return {*least - room, *most + room, false};
}

AxisRange widened(AxisRange range, const std::vector<std::pair<double, double>>& intervals) {
  const double room = (range.upper - range.lower) / 2;
  const double least = range.is_log ? range.lower / 10 : range.lower - room;
  const double most = range.is_log ? range.upper * 10 : range.upper + room;
  for (const auto& [from, to] : intervals) {
    if (std::isfinite(from)) range.lower = std::min(range.lower, std::max(from, least));
    if (std::isfinite(to)) range.upper = std::max(range.upper, std::min(to, most));
  }
  return range;
}

Json scale_of(const std::string& name, const AxisRange& range, const Json& pixels) {
  return {{"name", name},   {"type", range.is_log ? "log" : "linear"}, {"zero", false},
          {"clamp", false}, {"domain", {range.lower, range.upper}},    {"range", pixels}};
}

const char* decade_format(const AxisRange& range) { return range.lower < 1e-4 ? "~e" : "~g"; }

Json axis_of(const std::string& scale, const std::string& orient, const std::string& title,
             const AxisRange& range) {
  Json axis = {{"scale", scale}, {"orient", orient}, {"title", title}, {"grid", true}};
  axis["tickCount"] = {{"signal", orient == "bottom" || orient == "top"
                                      ? "max(2, floor(width / 90))"
                                      : "max(2, floor(height / 45))"}};
  if (range.is_log) axis["format"] = decade_format(range);
  return axis;
}

double six_digits(double value) {
  if (!std::isfinite(value) || value == 0) return value;
  const double unit = std::pow(10.0, 5 - std::floor(std::log10(std::abs(value))));
  return std::isfinite(unit) && unit > 0 ? std::round(value * unit) / unit : value;
}

Json at_scale(const std::string& scale, const std::string& field) {
  return {{"scale", scale}, {"field", field}};
}

Json constant(const Json& value) { return {{"value", value}}; }

Json by_field(const std::string& field, const std::vector<std::pair<std::string, Json>>& cases,
              const Json& otherwise) {
  Json rules = Json::array();
  for (const auto& [name, value] : cases) {
    rules.push_back({{"test", fmt::format("datum.{} === '{}'", field, name)}, {"value", value}});
  }
  rules.push_back({{"value", otherwise}});
  return rules;
}

}  // namespace oubli
