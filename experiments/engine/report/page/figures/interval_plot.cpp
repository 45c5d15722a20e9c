#include "experiments/engine/report/page/figures/interval_plot.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "experiments/engine/report/cell_text.h"
#include "experiments/engine/report/page/vega.h"

namespace oubli {
namespace {

std::string text_of(const IntervalRow& row) {
  return row.value ? cell_text(*row.value) : row.note.empty() ? "no value" : row.note;
}

// Means, seeds and the oracles; and of the wide rest what does not make these small.
AxisRange range_of(const std::vector<IntervalRow>& rows, bool may_be_log) {
  std::vector<double> values;
  std::vector<std::pair<double, double>> ends;
  for (const IntervalRow& row : rows) {
    values.insert(values.end(), row.seeds.begin(), row.seeds.end());
    if (row.value) {
      values.push_back(row.value->mean);
      const double half = row.value->half_width.value_or(0);
      ends.emplace_back(row.value->mean - half, row.value->mean + half);
    }
    if (!row.band) continue;
    values.push_back(row.band->mean);
    ends.emplace_back(row.band->mean - row.band->margin, row.band->mean + row.band->margin);
  }
  const AxisRange range = axis_range(values, may_be_log ? 100 : 1e300);
  return widened(range, ends);
}

}  // namespace

std::vector<Json> kind_scales() {
  const auto scale = [](const char* name, const Json& range) {
    return Json{{"name", name},
                {"type", "ordinal"},
                {"domain", {"original", "oracle", "equivalent", "different", "open"}},
                {"range", range}};
  };
  return {scale("colour", {"@original", "@oracle", "@method", "@method", "@method"}),
          scale("shape", {"square", "diamond", "circle", "triangle-up", "circle"}),
          scale("fill", {"@original", "@oracle", "@method", "@method", "@ground"})};
}

Json interval_plot(const std::vector<IntervalRow>& rows, const std::string& title,
                   bool may_be_log) {
  const AxisRange range = range_of(rows, may_be_log);
  const auto shown = [&](double value) { return std::clamp(value, range.lower, range.upper); };
  Json means = Json::array(), seeds = Json::array(), bands = Json::array(), names = Json::array(),
       cuts = Json::array();
  std::size_t dots = 0;
  for (const IntervalRow& row : rows) {
    names.push_back(row.name);
    if (row.band) {
      bands.push_back({{"row", row.name},
                       {"from", shown(row.band->mean - row.band->margin)},
                       {"mean", row.band->mean},
                       {"to", shown(row.band->mean + row.band->margin)},
                       {"said", fmt::format("oracles {:.4g}, {} {:.3g}", row.band->mean,
                                            row.band->word, row.band->margin)}});
    }
    Json values = Json::array();
    dots += row.seeds.size();
    for (const double seed : row.seeds) values.push_back(six_digits(seed));
    if (!values.empty())
      seeds.push_back({{"row", row.name}, {"kind", row.kind}, {"value", values}});
    Json mean = {{"row", row.name},
                 {"kind", row.kind},
                 {"said", fmt::format("{}: {}", row.name, text_of(row))}};
    if (row.value) {
      // Of a lower limit nothing is known above it.
      const double half = row.value->at_least ? 0 : row.value->half_width.value_or(0);
      const double from = row.value->mean - half, to = row.value->mean + half;
      mean["value"] = row.value->mean;
      mean["from"] = shown(from);
      mean["to"] = shown(to);
      const auto arrow = [&](double at, const char* side, double offset) {
        cuts.push_back({{"row", row.name},
                        {"kind", row.kind},
                        {"value", at},
                        {"side", side},
                        {"offset", offset}});
      };
      if (from < range.lower) arrow(range.lower, "triangle-left", 4);
      if (to > range.upper) arrow(range.upper, "triangle-right", -4);
      if (row.value->at_least) arrow(row.value->mean, "triangle-right", 11);
    } else {
      mean["note"] = row.note.empty() ? "no value" : row.note;
    }
    means.push_back(std::move(mean));
  }
  constexpr double kRowHeight = 22;
  const double height = kRowHeight * static_cast<double>(std::max<std::size_t>(rows.size(), 1));
  Json spec = plot_spec(height);
  spec["data"] = {{{"name", "means"}, {"values", means}},
                  {{"name", "seeds"},
                   {"values", seeds},
                   {"transform", Json::array({{{"type", "flatten"}, {"fields", {"value"}}}})}},
                  {{"name", "bands"}, {"values", bands}},
                  {{"name", "cuts"}, {"values", cuts}}};
  spec["scales"] = kind_scales();
  spec["scales"].push_back(
      {{"name", "row"}, {"type", "band"}, {"domain", names}, {"range", "height"}});
  spec["scales"].push_back(scale_of("value", range, "width"));
  Json rows_axis = {{"scale", "row"},  {"orient", "left"},  {"ticks", false},
                    {"domain", false}, {"labelPadding", 8}, {"labelOverlap", false}};
  rows_axis["labelLimit"] = {{"signal", "space < 420 ? 115 : 190"}};
  spec["axes"] = Json::array({axis_of("value", "bottom", title, range), rows_axis});
  const Json middle = {{"scale", "row"}, {"field", "row"}, {"band", 0.5}};
  const Json whole = {{"scale", "row"}, {"band", 1}};
  const auto mark = [](const char* type, const char* data, Json encoding) {
    return Json{{"type", type},
                {"clip", true},
                {"from", {{"data", data}}},
                {"encode", {{"enter", std::move(encoding)}}}};
  };
  Json seed_dot = {{"x", at_scale("value", "value")},
                   {"y", middle},
                   {"size", constant(34)},
                   {"fill", at_scale("colour", "kind")},
                   {"fillOpacity", constant(0.35)}};
  constexpr std::size_t kPointedAt = 2000;  // dots; among more none can be pointed at
  if (dots <= kPointedAt) {
    seed_dot["tooltip"] = {{"signal", "datum.row + ', one seed: ' + format(datum.value, '.5~g')"}};
  }
  spec["marks"] = Json::array(
      {mark("rect", "bands",
            {{"x", at_scale("value", "from")},
             {"x2", at_scale("value", "to")},
             {"y", at_scale("row", "row")},
             {"height", whole},
             {"fill", constant("@band")},
             {"tooltip", {{"field", "said"}}}}),
       mark("rect", "bands",
            {{"x", at_scale("value", "mean")},
             {"width", constant(1.5)},
             {"y", at_scale("row", "row")},
             {"height", whole},
             {"fill", constant("@oracle")}}),
       mark("symbol", "seeds", std::move(seed_dot)),
       mark("rule", "means",
            {{"x", at_scale("value", "from")},
             {"x2", at_scale("value", "to")},
             {"y", middle},
             {"stroke", at_scale("colour", "kind")},
             {"strokeWidth", constant(2)},
             {"opacity",
              Json::array({{{"test", "isValid(datum.value)"}, {"value", 1}}, {{"value", 0}}})}}),
       mark("symbol", "means",
            {{"x", at_scale("value", "value")},
             {"y", middle},
             {"shape", at_scale("shape", "kind")},
             {"size", constant(72)},
             {"stroke", at_scale("colour", "kind")},
             {"strokeWidth", constant(1.5)},
             {"fill", at_scale("fill", "kind")},
             {"opacity",
              Json::array({{{"test", "isValid(datum.value)"}, {"value", 1}}, {{"value", 0}}})},
             {"tooltip", {{"field", "said"}}}}),
       mark("symbol", "cuts",
            {{"x", {{"scale", "value"}, {"field", "value"}, {"offset", {{"field", "offset"}}}}},
             {"y", middle},
             {"shape", {{"field", "side"}}},
             {"size", constant(50)},
             {"fill", at_scale("colour", "kind")}}),
       mark("text", "means",
            {{"x", constant(6)},
             {"y", middle},
             {"baseline", constant("middle")},
             {"fill", constant("@muted")},
             {"fontStyle", constant("italic")},
             {"text", {{"field", "note"}}}})});
  return spec;
}

std::string rows_in_words(const std::vector<IntervalRow>& rows) {
  constexpr std::size_t kMost = 12;
  std::vector<std::string> parts;
  for (std::size_t i = 0; i < std::min(kMost, rows.size()); ++i) {
    parts.push_back(fmt::format("{} {}", rows[i].name, text_of(rows[i])));
  }
  std::string text = fmt::format("{}", fmt::join(parts, "; "));
  if (rows.size() > kMost) text += fmt::format("; and {} more rows", rows.size() - kMost);
  return text + ".";
}

}  // namespace oubli
