// The trials of a sweep: what each was worth, and which one was taken.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "experiments/engine/report/page/figure.h"
#include "experiments/engine/report/page/vega.h"

namespace oubli {
namespace {

std::string settings_text(const Json& changed) {
  std::vector<std::string> parts;
  for (const auto& [key, value] : changed.items()) {
    parts.push_back(fmt::format("{} {}", key, value.dump()));
  }
  return fmt::format("{}", fmt::join(parts, ", "));
}

// The trials of one row, over its training seeds.
Json trials_plot(const RowResult& row, std::string& words) {
  Json points = Json::array();
  std::vector<double> values;
  std::vector<std::string> names;
  for (const ModelResult& model : row.models) {
    if (!model.report.contains("sweep")) continue;
    const Json& sweep = model.report.at("sweep");
    const auto chosen = static_cast<std::size_t>(sweep.at("chosen").get<std::int64_t>());
    for (std::size_t t = 0; t < sweep.at("trials").size(); ++t) {
      const Json& trial = sweep.at("trials").at(t);
      const std::string name = settings_text(trial.at("changed"));
      if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
      if (!trial.at("value").is_number()) continue;
      const double value = trial.at("value").get<double>();
      values.push_back(value);
      points.push_back({{"trial", name},
                        {"kind", t == chosen ? "chosen" : "tried"},
                        {"value", value},
                        {"said", fmt::format("{}: {:.5g}{}, training seed {}", name, value,
                                             t == chosen ? ", chosen" : "", model.training_seed)}});
    }
    if (words.empty() && chosen < sweep.at("trials").size()) {
      words = fmt::format("{} by {}: {} trials; taken for the first seed: {}.", row.name,
                          sweep.at("objective").get<std::string>(), sweep.at("trials").size(),
                          settings_text(sweep.at("trials").at(chosen).at("changed")));
    }
  }
  const AxisRange range = axis_range(values);
  Json spec = plot_spec(20.0 * static_cast<double>(std::max<std::size_t>(names.size(), 1)));
  spec["data"] = Json::array({{{"name", "points"}, {"values", points}}});
  spec["scales"] =
      Json::array({{{"name", "trial"}, {"type", "band"}, {"domain", names}, {"range", "height"}},
                   scale_of("value", range, "width")});
  std::string objective;
  for (const ModelResult& model : row.models) {
    if (model.report.contains("sweep")) objective = model.report.at("sweep").at("objective");
  }
  Json trials = {{"scale", "trial"},
                 {"orient", "left"},
                 {"ticks", false},
                 {"domain", false},
                 {"labelOverlap", false}};
  trials["labelLimit"] = {{"signal", "space < 420 ? 130 : 260"}};
  spec["axes"] = Json::array({axis_of("value", "bottom", objective, range), trials});
  Json mark = {{"type", "symbol"}, {"from", {{"data", "points"}}}};
  mark["encode"]["enter"] = {{"x", at_scale("value", "value")},
                             {"y", {{"scale", "trial"}, {"field", "trial"}, {"band", 0.5}}},
                             {"size", by_field("kind", {{"chosen", 90}}, 45)},
                             {"shape", by_field("kind", {{"chosen", "diamond"}}, "circle")},
                             {"fill", by_field("kind", {{"chosen", "@chosen"}}, "@method")},
                             {"fillOpacity", by_field("kind", {{"chosen", 1}}, 0.5)},
                             {"tooltip", {{"field", "said"}}}};
  spec["marks"] = Json::array({mark});
  return spec;
}

}  // namespace

std::vector<Figure> sweep_figures(const FigureInput& input) {
  const Results& results = input.results;
  std::vector<Figure> figures;
  for (const RowResult& row : results.rows) {
    const bool is_swept =
        std::any_of(row.models.begin(), row.models.end(),
                    [](const ModelResult& model) { return model.report.contains("sweep"); });
    if (!is_swept) continue;
    std::string words;
    Json spec = trials_plot(row, words);
    figures.push_back({"sweep-" + figure_name(row.name), "sweep", "Trials of " + row.name,
                       "Each point is a trial on one training seed; diamonds were taken.", words,
                       std::move(spec)});
  }
  return figures;
}

}  // namespace oubli
