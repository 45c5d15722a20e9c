#include "experiments/engine/report/page/figures/panel_plot.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "experiments/engine/report/cell_text.h"
#include "experiments/engine/report/page/vega.h"

namespace oubli {
namespace {

AxisRange panel_range(const std::vector<double>& values, bool is_log) {
  std::vector<double> shown;
  for (const double value : values) {
    if (!is_log || value > 0) shown.push_back(value);
  }
  AxisRange range = axis_range(shown, is_log ? 1.0 : 1e300);
  if (is_log && !range.is_log) {  // one value alone, or none
    const double only = shown.empty() ? 1 : shown.front();
    range = {only / 2, only * 2, true};
  }
  return range;
}

// Ends of intervals too, as far as they do not make the means too small to be seen.
void add_interval_ends(const CourseSet& set, std::vector<double>& ys) {
  std::vector<double> finite;
  for (const double y : ys) {
    if (std::isfinite(y)) finite.push_back(y);
  }
  if (finite.empty() || set.y_is_log) return;
  const auto [least, most] = std::minmax_element(finite.begin(), finite.end());
  const double room = std::max(*most - *least, 0.02 * std::abs(*most));
  const double lower = *least - room, upper = *most + room;
  for (const auto& [name, course] : set.rows) {
    for (const Estimate& value : course.values) {
      if (!value.half_width || !std::isfinite(value.mean)) continue;
      ys.push_back(std::max(value.mean - *value.half_width, set.is_filled ? 0 : lower));
      ys.push_back(std::min(value.mean + *value.half_width, upper));
    }
  }
}

bool can_be_shown(const CourseSet& set, double x, double y) {
  return std::isfinite(x) && std::isfinite(y) && (!set.x_is_log || x > 0) &&
         (!set.y_is_log || y > 0);
}

// Several originals or noise floors: how models are trained differs between rows.
bool several_variants(const Results& results) {
  return std::count_if(results.rows.begin(), results.rows.end(),
                       [](const RowResult& row) { return row.is_original(); }) > 1;
}

// The methods' rows in whose panels an original or a noise floor stands. With one variant the first
// one alone, for all of them; rows that a sweep chose are held against oracles of their own, but
// shown beside all.
std::vector<const RowResult*> rows_held_against(const Results& results, const std::string& name) {
  std::vector<const RowResult*> rows;
  const RowResult* reference = results.find(name);
  if (reference == nullptr) return rows;
  if (!several_variants(results)) {
    if (name == kOriginalRow || name == kNoiseFloor) rows.push_back(reference);
    return rows;
  }
  const std::string floor = reference->is_original() ? reference->noise_floor : name;
  for (const RowResult& row : results.rows) {
    if (!row.is_original() && !row.is_noise_floor() && row.noise_floor == floor)
      rows.push_back(&row);
  }
  return rows;
}

Json line(const char* data, const char* colour, const Json& dash) {
  Json mark = {{"type", "line"}, {"clip", true}, {"from", {{"data", data}}}};
  mark["encode"]["enter"] = {{"x", at_scale("x", "x")},
                             {"y", at_scale("y", "y")},
                             {"stroke", constant(colour)},
                             {"strokeWidth", constant(1.7)}};
  if (!dash.is_null()) mark["encode"]["enter"]["strokeDash"] = constant(dash);
  return mark;
}

Json area(const char* data, const char* colour, double opacity) {
  Json mark = {{"type", "area"}, {"clip", true}, {"from", {{"data", data}}}};
  mark["encode"]["enter"] = {{"x", at_scale("x", "x")},
                             {"y", at_scale("y", "from")},
                             {"y2", at_scale("y", "to")},
                             {"fill", constant(colour)},
                             {"fillOpacity", constant(opacity)}};
  return mark;
}

}  // namespace

Json panel_plot(const Results& results, const CourseSet& set) {
  std::vector<double> ys;
  for (const auto& [name, course] : set.rows) {
    for (const Estimate& value : course.values) ys.push_back(value.mean);
  }
  add_interval_ends(set, ys);
  const AxisRange x_range = panel_range(set.places, set.x_is_log);
  const AxisRange y_range = panel_range(ys, set.y_is_log);
  Json courses = Json::array(), original = Json::array(), oracles = Json::array();
  std::size_t panels = 0;
  for (const RowResult& row : results.rows) {
    if (row.is_original() || row.is_noise_floor()) continue;
    for (const auto& [name, course] : set.rows) panels += name == row.name;
  }
  // One entry for each course, its places in lists.
  const auto put = [&](Json& values, const std::string& panel, const std::string& name,
                       const Course& course) {
    Json entry = {{"row", panel}, {"name", name}};
    for (const char* field : {"x", "y", "from", "to", "said"}) entry[field] = Json::array();
    for (std::size_t i = 0; i < course.values.size(); ++i) {
      const Estimate& value = course.values[i];
      if (!can_be_shown(set, set.places[i], value.mean)) continue;
      const double half = value.half_width.value_or(0);
      entry["x"].push_back(six_digits(set.places[i]));
      entry["y"].push_back(six_digits(value.mean));
      entry["from"].push_back(
          six_digits(std::max(value.mean - half, set.is_filled ? 0 : y_range.lower)));
      entry["to"].push_back(six_digits(std::min(value.mean + half, y_range.upper)));
      entry["said"].push_back(cell_text(value));
    }
    values.push_back(std::move(entry));
  };
  for (const auto& [name, course] : set.rows) {
    if (!is_original_row(name) && !is_noise_floor_row(name)) {
      put(courses, name, name, course);
      continue;
    }
    // What stands in every panel stands once; with several variants each panel has its own.
    Json& values = is_original_row(name) ? original : oracles;
    for (const RowResult* row : rows_held_against(results, name))
      put(values, several_variants(results) ? row->name : "", name, course);
  }
  if (panels == 0) courses = original;  // nothing but the original was asked for
  Json spec = plot_spec(110);
  spec.erase("height");
  spec["width"] = 10;  // the panels make the width
  spec["autosize"] = "pad";
  spec["signals"] =
      Json::array({{{"name", "space"}, {"value", 640}},
                   {{"name", "columns"},
                    {"update", fmt::format("min({}, max(1, floor(space / 190)))",
                                           std::max<std::size_t>(panels, 1))}},
                   {{"name", "cell"}, {"update", "min(300, floor(space / columns) - 52)"}},
                   {{"name", "tall"}, {"value", 110}}});
  const auto courses_of = [](const char* name, const Json& values) {
    return Json{
        {"name", name},
        {"values", values},
        {"transform",
         Json::array({{{"type", "flatten"}, {"fields", {"x", "y", "from", "to", "said"}}}})}};
  };
  spec["data"] = Json::array({courses_of("courses", courses), courses_of("original", original),
                              courses_of("oracles", oracles)});
  spec["scales"] = Json::array({scale_of("x", x_range, Json::array({0, {{"signal", "cell"}}})),
                                scale_of("y", y_range, Json::array({{{"signal", "tall"}}, 0}))});
  spec.erase("axes");
  spec["layout"] = {{"columns", {{"signal", "columns"}}},
                    {"padding", {{"column", 14}, {"row", 16}}},
                    {"bounds", "full"},
                    {"align", "all"}};
  constexpr std::size_t kCrowd = 60;  // panels; from here on without axes of their own
  const bool is_crowded = panels > kCrowd;
  const auto small_axis = [](const char* scale, const char* orient, const std::string& title,
                             const AxisRange& range) {
    Json axis = {{"scale", scale},      {"orient", orient},    {"grid", true},
                 {"tickCount", 3},      {"labelFontSize", 11}, {"title", title},
                 {"titleFontSize", 11}, {"titlePadding", 4}};
    if (range.is_log) axis["format"] = decade_format(range);
    return axis;
  };
  Json panel = {
      {"type", "group"},
      {"from", {{"facet", {{"name", "panel"}, {"data", "courses"}, {"groupby", "row"}}}}}};
  panel["title"] = {{"text", {{"signal", "parent.row"}}}, {"limit", {{"signal", "cell"}}}};
  panel["encode"]["update"] = {{"width", {{"signal", "cell"}}}, {"height", {{"signal", "tall"}}}};
  if (is_crowded) {
    spec["title"] = {
        {"text",
         fmt::format("In each panel: {} from {:.2g} to {:.2g}{}, {} from {:.2g} to {:.2g}{}",
                     set.x_title, x_range.lower, x_range.upper,
                     x_range.is_log ? " (logarithmic)" : "", set.y_title, y_range.lower,
                     y_range.upper, y_range.is_log ? " (logarithmic)" : "")},
        {"fontWeight", "normal"},
        {"limit", {{"signal", "space"}}}};
    panel["encode"]["update"]["stroke"] = constant("@muted");
  } else {
    panel["axes"] = Json::array({small_axis("x", "bottom", set.x_title, x_range),
                                 small_axis("y", "left", set.y_title, y_range)});
  }
  const auto own = [](const char* name, const char* source) {
    return Json{
        {"name", name},
        {"source", source},
        {"transform", Json::array({{{"type", "filter"}, {"expr", "datum.row === parent.row"}}})}};
  };
  const bool own_references = several_variants(results);
  const char* oracles_shown = own_references ? "own_oracles" : "oracles";
  const char* original_shown = own_references ? "own_original" : "original";
  if (own_references)
    panel["data"] = Json::array({own("own_oracles", "oracles"), own("own_original", "original")});
  panel["marks"] = Json::array({area(oracles_shown, "@band", 0.9)});
  if (set.has_chance_line) {
    const double from = std::max(x_range.lower, y_range.lower);
    const double to = std::min(x_range.upper, y_range.upper);
    Json chance = {{"type", "rule"}, {"clip", true}};
    chance["encode"]["enter"] = {
        {"x", {{"scale", "x"}, {"value", from}}}, {"y", {{"scale", "y"}, {"value", from}}},
        {"x2", {{"scale", "x"}, {"value", to}}},  {"y2", {{"scale", "y"}, {"value", to}}},
        {"stroke", constant("@muted")},           {"strokeWidth", constant(0.7)}};
    panel["marks"].push_back(chance);
  }
  if (set.is_filled) {
    Json under = area("panel", "@method", 0.18);
    under["encode"]["enter"]["y"] = at_scale("y", "y");
    under["encode"]["enter"]["y2"] = {{"scale", "y"}, {"value", std::max(0.0, y_range.lower)}};
    panel["marks"].push_back(under);
  }
  panel["marks"].push_back(line(oracles_shown, "@oracle", {2, 2}));
  panel["marks"].push_back(line(original_shown, "@original", {5, 3}));
  panel["marks"].push_back(area("panel", "@method", 0.3));
  panel["marks"].push_back(line("panel", "@method", nullptr));
  // What a place holds, for the pointer.
  Json spot = {{"type", "symbol"}, {"clip", true}, {"from", {{"data", "panel"}}}};
  spot["encode"]["enter"] = {
      {"x", at_scale("x", "x")},
      {"y", at_scale("y", "y")},
      {"size", constant(60)},
      {"fill", constant("@method")},
      {"fillOpacity", constant(0)},
      {"tooltip",
       {{"signal", "datum.row + ': ' + datum.said + ' at ' + format(datum.x, '.4~g')"}}}};
  if (!is_crowded) panel["marks"].push_back(spot);
  spec["marks"] = Json::array({panel});
  return spec;
}

}  // namespace oubli
