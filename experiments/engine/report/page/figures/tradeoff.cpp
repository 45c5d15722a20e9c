// What methods forget against what they leave of the model's use, and against what they cost.
#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "core/base/text.h"
#include "experiments/engine/report/cell_text.h"
#include "experiments/engine/report/layout.h"
#include "experiments/engine/report/page/figure.h"
#include "experiments/engine/report/page/figures/result_rows.h"
#include "experiments/engine/report/page/vega.h"
#include "experiments/engine/report/report_model.h"
#include "experiments/engine/report/verdict.h"

namespace oubli {
namespace {

const char* const kCost = "cost_ratio";

bool is_private(const Results& results, const std::string& column) {
  const ColumnInfo* info = results.info(column);
  return is_about_edited_set(column) || (info != nullptr && info->group == ColumnGroup::kPrivacy);
}

// The decisive column by which the original is told most clearly from the oracles, of those that
// are about the edit; of the others, how well the model does on test examples.
std::optional<std::string> privacy_column(const Results& results) {
  for (const RowResult& row : results.rows) {
    if (!row.is_original()) continue;
    const RowVerdict verdict = judge(results, row, /*privacy_only=*/true);
    const auto clearest = std::max_element(
        verdict.columns.begin(), verdict.columns.end(),
        [](const ColumnVerdict& a, const ColumnVerdict& b) {
          const auto clear = [](const ColumnVerdict& column) {
            const double margin = column.comparison.margin.value;
            return margin > 0 ? std::abs(column.comparison.difference) / margin : 0;
          };
          return clear(a) < clear(b);
        });
    if (clearest != verdict.columns.end()) return clearest->column;
  }
  for (const std::string& column : decisive_columns(results)) {
    if (is_private(results, column)) return column;
  }
  return std::nullopt;
}

std::optional<std::string> utility_column(const Results& results) {
  const std::vector<std::string> decisive = decisive_columns(results);
  for (const char* wanted : {"accuracy/test", "loss/test"}) {
    if (std::find(decisive.begin(), decisive.end(), wanted) != decisive.end()) return wanted;
  }
  for (const std::string& column : decisive) {
    if (!is_private(results, column)) return column;
  }
  return std::nullopt;
}

// What stands beside a point: names that are very long would not fit anywhere.
std::string label_of(const RowResult& row) {
  constexpr std::size_t kLongest = 40;
  const std::string floor = kNoiseFloor;
  const std::string name =
      row.is_noise_floor()
          ? fmt::format("retrained{}", row.name.substr(std::min(floor.size(), row.name.size())))
          : row.name;
  return shown_width(name) > kLongest ? first_characters(name, kLongest) : name;
}

// Where all intervals and the noise floor can be seen, without those that are far wider.
AxisRange tradeoff_range(const std::vector<IntervalRow>& rows, bool is_cost) {
  std::vector<double> values, positive;
  std::vector<std::pair<double, double>> ends;
  for (const IntervalRow& row : rows) {
    if (row.value) {
      values.push_back(row.value->mean);
      if (row.value->mean > 0) positive.push_back(row.value->mean);
      const double half = row.value->half_width.value_or(0);
      ends.emplace_back(row.value->mean - half, row.value->mean + half);
    }
    if (!row.band || is_cost) continue;
    values.push_back(row.band->mean);
    ends.emplace_back(row.band->mean - row.band->margin, row.band->mean + row.band->margin);
  }
  if (!is_cost) return widened(axis_range(values), ends);
  // What costs nothing can stand on no logarithmic axis, and is left out of one.
  const AxisRange of_positive = axis_range(positive, 20);
  return of_positive.is_log ? of_positive : axis_range(values, 1e300);
}

Json tradeoff_plot(const FigureInput& input, const std::string& x, const std::string& y) {
  const Results& results = input.results;
  const std::vector<IntervalRow> xs = rows_of_column(input, x), ys = rows_of_column(input, y);
  const bool is_cost = x == kCost;
  const AxisRange x_range = tradeoff_range(xs, is_cost), y_range = tradeoff_range(ys, false);
  Json points = Json::array(), bands = Json::array();
  const auto clamped = [](const AxisRange& range, double value) {
    return std::clamp(value, range.lower, range.upper);
  };
  for (std::size_t i = 0; i < xs.size(); ++i) {
    if (!xs[i].value || !ys[i].value) continue;
    // Nothing was done: no cost that a logarithmic axis could show.
    if (x_range.is_log && xs[i].value->mean <= 0) continue;
    const auto ends = [&](const IntervalRow& row, const AxisRange& range) {
      const double half = row.value->at_least ? 0 : row.value->half_width.value_or(0);
      return std::pair(clamped(range, row.value->mean - half),
                       clamped(range, row.value->mean + half));
    };
    const auto [x_from, x_to] = ends(xs[i], x_range);
    const auto [y_from, y_to] = ends(ys[i], y_range);
    const RowResult& row = results.rows[i];
    std::string kind = row.is_original() ? "original" : row.is_noise_floor() ? "oracle" : "";
    if (kind.empty()) {
      const RowVerdict::Kind verdict = input.verdicts[i].kind;
      const bool told =
          verdict == RowVerdict::Kind::kDistinguishable || verdict == RowVerdict::Kind::kApart;
      const bool same =
          verdict == RowVerdict::Kind::kIndistinguishable || verdict == RowVerdict::Kind::kAmong;
      kind = told ? "different" : same ? "equivalent" : "open";
    }
    points.push_back({{"row", label_of(row)},
                      {"kind", kind},
                      {"x", xs[i].value->mean},
                      {"x_from", x_from},
                      {"x_to", x_to},
                      {"y", ys[i].value->mean},
                      {"y_from", y_from},
                      {"y_to", y_to},
                      {"said", fmt::format("{}: {} {}, {} {}", row.name, axis_title(results, x),
                                           cell_text(*xs[i].value), axis_title(results, y),
                                           cell_text(*ys[i].value))}});
  }
  const auto band_of = [&](const std::vector<IntervalRow>& rows, const AxisRange& range,
                           const char* along) {
    for (const IntervalRow& row : rows) {
      if (!row.band || row.kind != "oracle") continue;
      bands.push_back({{"along", along},
                       {"from", clamped(range, row.band->mean - row.band->margin)},
                       {"to", clamped(range, row.band->mean + row.band->margin)}});
    }
  };
  band_of(ys, y_range, "x");
  if (!is_cost) band_of(xs, x_range, "y");
  Json spec = plot_spec(360);
  spec["data"] = Json::array(
      {{{"name", "points"}, {"values", points}}, {{"name", "bands"}, {"values", bands}}});
  spec["scales"] = kind_scales();
  spec["scales"].push_back(scale_of("x", x_range, "width"));
  spec["scales"].push_back(scale_of("y", y_range, "height"));
  spec["axes"] = Json::array({axis_of("x", "bottom", axis_title(results, x), x_range),
                              axis_of("y", "left", axis_title(results, y), y_range)});
  const auto along = [&](const char* which, const char* low, Json high) {
    return Json::array({{{"test", fmt::format("datum.along === '{}'", which)},
                         {"scale", std::string(which) == "x" ? "y" : "x"},
                         {"field", low}},
                        std::move(high)});
  };
  Json band = {{"type", "rect"}, {"clip", true}, {"from", {{"data", "bands"}}}};
  band["encode"]["enter"]["fill"] = constant("@band");
  band["encode"]["enter"]["fillOpacity"] = constant(0.6);
  band["encode"]["update"] = {{"x", along("y", "from", {{"value", 0}})},
                              {"x2", along("y", "to", {{"signal", "width"}})},
                              {"y", along("x", "from", {{"signal", "height"}})},
                              {"y2", along("x", "to", {{"value", 0}})}};
  const auto interval = [&](const char* name, const char* other) {
    Json encoding = {{"stroke", at_scale("colour", "kind")},
                     {"strokeWidth", constant(1.5)},
                     {"strokeOpacity", constant(0.55)}};
    const std::string a = name, b = other;
    encoding[a] = at_scale(a, a + "_from");
    encoding[a + "2"] = at_scale(a, a + "_to");
    encoding[b] = at_scale(b, b);
    return Json{{"type", "rule"},
                {"clip", true},
                {"from", {{"data", "points"}}},
                {"encode", {{"enter", encoding}}}};
  };
  Json symbol = {{"type", "symbol"}, {"name", "dots"}, {"from", {{"data", "points"}}}};
  symbol["encode"]["enter"] = {{"x", at_scale("x", "x")},
                               {"y", at_scale("y", "y")},
                               {"shape", at_scale("shape", "kind")},
                               {"size", constant(100)},
                               {"stroke", at_scale("colour", "kind")},
                               {"strokeWidth", constant(1.5)},
                               {"fill", at_scale("fill", "kind")},
                               {"tooltip", {{"field", "said"}}}};
  Json label = {{"type", "text"}, {"name", "labels"}, {"from", {{"data", "dots"}}}};
  label["encode"]["enter"] = {{"text", {{"field", "datum.row"}}}, {"fill", constant("@ink")}};
  label["transform"] = Json::array({{{"type", "label"},
                                     {"size", {{"signal", "[width, height]"}}},
                                     {"anchor",
                                      {"right", "left", "top-right", "bottom-right", "top-left",
                                       "bottom-left", "top", "bottom"}},
                                     {"offset", {4}},
                                     {"padding", 0}}});
  // Once more on a ground of its own, so that names can be read across intervals.
  const auto again = [](Json colours) {
    Json text = {{"type", "text"}, {"from", {{"data", "labels"}}}, {"interactive", false}};
    text["encode"]["update"] = std::move(colours);
    for (const char* field : {"x", "y", "align", "baseline", "opacity", "text"})
      text["encode"]["update"][field] = {{"field", field}};
    return text;
  };
  spec["marks"] = Json::array({band, interval("x", "y"), interval("y", "x"), symbol, label,
                               again({{"stroke", constant("@ground")},
                                      {"strokeWidth", constant(4)},
                                      {"strokeJoin", constant("round")},
                                      {"fill", constant("@ground")}}),
                               again({{"fill", constant("@ink")}})});
  return spec;
}

std::string in_words(const FigureInput& input, const std::string& x, const std::string& y) {
  return fmt::format("{}: {} {}: {}", axis_title(input.results, y),
                     rows_in_words(rows_of_column(input, y)), axis_title(input.results, x),
                     rows_in_words(rows_of_column(input, x)));
}

}  // namespace

std::vector<Figure> tradeoff_figures(const FigureInput& input) {
  const Results& results = input.results;
  std::vector<Figure> figures;
  if (results.is_attribution()) return figures;
  const std::optional<std::string> privacy = privacy_column(results);
  if (!privacy) return figures;
  const auto add = [&](const char* name, const char* title, const std::string& x,
                       const std::string& caption) {
    figures.push_back({name, "tradeoff", title, caption, in_words(input, x, *privacy),
                       tradeoff_plot(input, x, *privacy)});
  };
  if (const std::optional<std::string> utility = utility_column(results)) {
    add("privacy-utility", "Privacy against utility", *utility,
        fmt::format("{} against {}. Bars that reach the frame go on beyond it.", *privacy,
                    *utility));
  }
  const auto has_cost = [&](const RowResult& row) { return row.cell(kCost).has_value(); };
  if (std::any_of(results.rows.begin(), results.rows.end(), has_cost)) {
    add("privacy-cost", "Privacy against cost", kCost,
        fmt::format("{} against sample-gradients, in units of retraining's. To the left is "
                    "cheaper; what costs nothing is left out of a logarithmic axis.",
                    *privacy));
  }
  return figures;
}

}  // namespace oubli
