// evidence.json: what a run writes of it, and reading it again.
#include <fmt/format.h>

#include <cmath>

#include "experiments/engine/report/page/evidence.h"

namespace oubli {
namespace {

Json rows_json(const std::vector<std::pair<std::string, Estimate>>& rows) {
  Json json = Json::object();
  for (const auto& [name, estimate] : rows) json[name] = oubli::to_json(estimate);
  return json;
}

using TextPairs = std::vector<std::pair<std::string, std::string>>;

Json pairs_json(const TextPairs& pairs) {
  Json json = Json::array();
  for (const auto& [first, second] : pairs) json.push_back(Json::array({first, second}));
  return json;
}

TextPairs pairs_from_json(const Json& json) {
  TextPairs pairs;
  for (const Json& pair : json) {
    pairs.emplace_back(pair.at(0).get<std::string>(), pair.at(1).get<std::string>());
  }
  return pairs;
}

}  // namespace

Json Evidence::to_json() const {
  Json json = {{"format", 1}, {"courses", Json::array()}, {"examples", Json::array()}};
  for (const CourseSet& set : courses) {
    Json stored = {{"name", set.name},
                   {"section", set.section},
                   {"title", set.title},
                   {"x_title", set.x_title},
                   {"y_title", set.y_title},
                   {"x_is_log", set.x_is_log},
                   {"y_is_log", set.y_is_log},
                   {"is_filled", set.is_filled},
                   {"has_chance_line", set.has_chance_line},
                   {"places", set.places}};
    stored["rows"] = Json::array();
    for (const auto& [name, course] : set.rows) {
      Json mean = Json::array(), half = Json::array(), n = Json::array();
      for (const Estimate& value : course.values) {
        mean.push_back(number_or_null(value.mean));
        half.push_back(value.half_width ? number_or_null(*value.half_width) : Json());
        n.push_back(value.n);
      }
      stored["rows"].push_back({{"name", name}, {"mean", mean}, {"half_width_95", half}, {"n", n}});
    }
    json["courses"].push_back(std::move(stored));
  }
  json["shown_value"] = shown_value;
  for (const ShownExample& example : examples) {
    json["examples"].push_back({{"row", example.row},
                                {"label", example.label},
                                {"true_label", example.true_label},
                                {"prompt", example.prompt},
                                {"wanted", example.wanted},
                                {"answers", pairs_json(example.answers)},
                                {"picture", example.picture},
                                {"values", pairs_json(example.values)},
                                {"rows", rows_json(example.rows)}});
  }
  return json;
}

Evidence Evidence::from_json(const Json& json, const std::string& where) {
  Evidence evidence;
  try {
    for (const Json& stored : json.at("courses")) {
      CourseSet set{.name = stored.at("name"),
                    .section = stored.at("section"),
                    .title = stored.at("title"),
                    .x_title = stored.at("x_title"),
                    .y_title = stored.at("y_title"),
                    .x_is_log = stored.at("x_is_log"),
                    .y_is_log = stored.at("y_is_log"),
                    .is_filled = stored.at("is_filled"),
                    .has_chance_line = stored.at("has_chance_line"),
                    .places = stored.at("places").get<std::vector<double>>()};
      for (const Json& row : stored.at("rows")) {
        Course course;
        for (std::size_t i = 0; i < set.places.size(); ++i) {
          const Json& mean = row.at("mean").at(i);
          const Json& half = row.at("half_width_95").at(i);
          Estimate value{mean.is_number() ? mean.get<double>() : NAN, {}, row.at("n").at(i)};
          if (half.is_number()) value.half_width = half.get<double>();
          course.values.push_back(value);
        }
        set.rows.emplace_back(row.at("name").get<std::string>(), std::move(course));
      }
      evidence.courses.push_back(std::move(set));
    }
    evidence.shown_value = json.at("shown_value");
    for (const Json& stored : json.at("examples")) {
      ShownExample example{.row = whole_number(stored.at("row")),
                           .label = stored.at("label"),
                           .true_label = stored.at("true_label"),
                           .prompt = stored.value("prompt", ""),
                           .wanted = stored.value("wanted", ""),
                           .picture = stored.at("picture")};
      example.values = pairs_from_json(stored.at("values"));
      example.answers = pairs_from_json(stored.value("answers", Json::array()));
      for (const auto& [name, value] : stored.at("rows").items())
        example.rows.emplace_back(name, estimate_from_json(value));
      evidence.examples.push_back(std::move(example));
    }
  } catch (const Json::exception&) {
    throw Error(
        ErrorKind::kData,
        fmt::format("{}: not the evidence of an oubli run. Was it changed by hand?", where));
  }
  return evidence;
}

}  // namespace oubli
