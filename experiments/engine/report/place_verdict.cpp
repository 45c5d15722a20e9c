#include "experiments/engine/report/place_verdict.h"

#include <fmt/format.h>

#include "core/evaluate/statistics/holm.h"
#include "experiments/engine/plan/verdict_settings.h"
#include "experiments/engine/report/verdict_text.h"

namespace oubli {

RowVerdict place_row(const Results& results, const RowResult& row,
                     const std::vector<std::string>& decisive) {
  const VerdictSettings settings = VerdictSettings::from(results.resolved);
  RowVerdict verdict;
  std::vector<std::string> without_value;
  std::vector<double> p_values;
  for (const std::string& column : decisive) {
    const std::vector<double> values = row.seed_means(column);
    const std::vector<double> oracles = results.oracle_values(row, column);
    if (values.size() != 1 || oracles.size() < 2 || row.at_least(column)) {
      without_value.push_back(column);
      continue;
    }
    const Place place =
        place_among(values.front(), oracles, 1 - settings.alpha, results.resolution(column));
    ColumnVerdict judged{column, {}, 1, false, false, "", place};
    judged.comparison.difference = place.difference;
    judged.comparison.method.mean = values.front();
    judged.comparison.oracles.mean = values.front() - place.difference;
    verdict.columns.push_back(judged);
    p_values.push_back(place.p);
  }
  const std::vector<double> adjusted = holm_adjusted(p_values);
  bool is_apart = false;
  for (std::size_t i = 0; i < verdict.columns.size(); ++i) {
    ColumnVerdict& column = verdict.columns[i];
    column.p_adjusted = adjusted[i];
    column.different = adjusted[i] < settings.alpha;
    if (!column.different) continue;
    is_apart = true;
    column.direction =
        direction_of(column.column, results.info(column.column), column.comparison.difference);
  }
  if (is_apart) {
    verdict.kind = RowVerdict::Kind::kApart;
    verdict.text = fmt::format("apart from the oracles ({})", directions_text(verdict.columns));
  } else if (!without_value.empty()) {
    verdict.text = without_value_text(without_value);
  } else if (verdict.columns.empty()) {
    verdict.text = "undecided: no decisive metric was measured";
  } else {
    verdict.kind = RowVerdict::Kind::kAmong;
    verdict.text = "among the oracles";
  }
  return verdict;
}

}  // namespace oubli
