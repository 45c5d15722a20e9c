#include <algorithm>

#include "experiments/engine/report/formats/formats.h"
#include "experiments/engine/report/power_check.h"
#include "experiments/engine/report/verdict.h"

namespace oubli {

Json verdicts_json(const Results& results) {
  Json rows = Json::object();
  for (const RowResult& row : results.rows) {
    if (row.is_noise_floor()) continue;
    const RowVerdict verdict = judge(results, row);
    Json columns = Json::object();
    for (const ColumnVerdict& column : verdict.columns) {
      const Equivalence& c = column.comparison;
      Json json = {{"difference", c.difference},
                   {"margin", c.margin.value},
                   {"equivalent", column.equivalent},
                   {"different", column.different},
                   {"direction", column.direction}};
      if (column.place) {
        json.erase("margin");
        json["prediction_interval"] = {column.place->interval.lower, column.place->interval.upper};
        json["p_different_holm"] = column.p_adjusted;
      }
      if (c.tests) {
        json["interval_95"] = {c.tests->interval_95.lower, c.tests->interval_95.upper};
        json["p_different_holm"] = column.p_adjusted;
        json["p_equivalent"] = std::max(c.tests->p_lower, c.tests->p_upper);
      }
      columns[column.column] = std::move(json);
    }
    rows[row.name] = {
        {"verdict", to_string(verdict.kind)}, {"text", verdict.text}, {"columns", columns}};
  }
  return rows;
}

Json json_report(const Results& results) {
  Json json = results.to_json();
  if (results.is_attribution()) return json;
  const PowerCheck power = check_power(results);
  json["power_check"] = {{"passed", power.passed}, {"text", power.text}};
  json["verdicts"] = verdicts_json(results);
  return json;
}

}  // namespace oubli
