#include "experiments/engine/plan/verdict_settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace oubli {
namespace {

// As many of the standard columns as there were when records listed them.
constexpr std::size_t kListedOnce = 14;

// In place of a list, so that a record of it can be read again whatever is measured.
const char* const kStandard = "standard";

}  // namespace

const std::vector<std::string>& VerdictSettings::standard_columns() {
  static const std::vector<std::string> columns = {"accuracy/forget",
                                                   "loss/forget",
                                                   "kl/forget",
                                                   "membership_auc/forget",
                                                   "squared_difference/forget",
                                                   "accuracy/added",
                                                   "loss/added",
                                                   "kl/added",
                                                   "membership_auc/added",
                                                   "squared_difference/added",
                                                   "accuracy/retain",
                                                   "loss/retain",
                                                   "accuracy/test",
                                                   "loss/test",
                                                   "accuracy/unknown",
                                                   "loss/unknown",
                                                   "kl/unknown",
                                                   "squared_difference/unknown",
                                                   "attack_success",
                                                   "parity_gap",
                                                   "opportunity_gap",
                                                   "oracle_distance"};
  return columns;
}

VerdictSettings VerdictSettings::read(const Settings& parent, const Registry<Metric>& metrics,
                                      const std::vector<std::string>& measure,
                                      const std::vector<std::string>& own_sets) {
  const Settings settings = parent.child("verdict", "what verdicts rest on");
  VerdictSettings result;
  const std::optional<SettingsNode> named = settings.raw(
      "columns",
      "list of columns that must all be alike; default: standard, see `oubli explain verdict`");
  std::vector<SettingsNode> items;
  if (named && named->kind == SettingsNode::Kind::kSequence) {
    items = named->items;
  } else if (named && named->scalar != kStandard) {
    fail_at(named->origin, "'columns' must be a list of columns, or the word standard.");
  }
  for (const SettingsNode& item : items) {
    const std::string problem = column_problem(metrics, item.scalar, own_sets);
    if (!problem.empty()) fail_at(item.origin, problem);
    const Metric* metric = find_metric_of(metrics, item.scalar);
    if (!metric->compute && !metric->derive) {
      fail_at(item.origin,
              fmt::format("'{}' is one number for all models of a row, which cannot decide: a "
                          "verdict needs a value of every training seed",
                          item.scalar));
    }
    if (std::find(measure.begin(), measure.end(), metric->name) == measure.end()) {
      fail_at(item.origin, fmt::format("'{}' is a column of the metric '{}', which 'measure' lacks",
                                       item.scalar, metric->name));
    }
    result.columns.push_back(item.scalar);
  }
  settings.record("columns", result.columns.empty() ? Json(kStandard) : Json(result.columns));
  result.margin = settings.real(
      "margin",
      {.default_value = result.margin, .above = 0, .doc = "in deviations of the oracles"});
  result.alpha = settings.real("alpha", {.default_value = result.alpha,
                                         .above = 0,
                                         .at_most = 0.25,
                                         .doc = "error rate of the tests"});
  return result;
}

VerdictSettings VerdictSettings::from(const Json& resolved) {
  VerdictSettings result;
  if (!resolved.contains("verdict")) return result;
  const Json& stored = resolved.at("verdict");
  if (stored.at("columns").is_array()) {
    result.columns = stored.at("columns").get<std::vector<std::string>>();
    // As a record had them before there was a word for them.
    const std::vector<std::string>& standard = standard_columns();
    if (std::equal(result.columns.begin(), result.columns.end(), standard.begin(),
                   standard.begin() + kListedOnce)) {
      result.columns.clear();
    }
  }
  result.margin = stored.at("margin");
  result.alpha = stored.at("alpha");
  return result;
}

}  // namespace oubli
