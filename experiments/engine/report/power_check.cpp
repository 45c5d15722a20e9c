#include "experiments/engine/report/power_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "experiments/engine/report/verdict.h"

namespace oubli {
namespace {

// Why no column of the original could be tested, from what is there.
std::string what_makes_columns_decide(const Results& results, const RowResult& original) {
  const RowResult* floor = results.floor_of(original);
  if (!original.failure_text().empty()) {
    return original.failure_text().starts_with("diverged")
               ? "Its training diverged: try a smaller train.optimizer.lr."
               : "A stage of it failed, as is said above.";
  }
  if (floor == nullptr || floor->models.size() < 3) {
    return "What would make it able to: three oracles or more (seeds.oracle).";
  }
  return "What would make it able to: a column of the edited set that is measured and decides, "
         "such as accuracy/forget, loss/forget or ulira_auc in `verdict: {columns: [...]}`.";
}

bool is_given(const Results& results) {
  return results.resolved.is_object() && results.resolved.value("original", Json()).is_object();
}

// The one that differs most clearly, of those with one of these directions; null for none.
const ColumnVerdict* clearest(const RowVerdict& verdict,
                              const std::vector<std::string>& directions) {
  const ColumnVerdict* found = nullptr;
  for (const ColumnVerdict& column : verdict.columns) {
    const bool is_meant = directions.empty() || std::find(directions.begin(), directions.end(),
                                                          column.direction) != directions.end();
    if (!column.different || !is_meant) continue;
    if (found == nullptr || column.p_adjusted < found->p_adjusted) found = &column;
  }
  return found;
}

std::string means_text(const ColumnVerdict& column) {
  return fmt::format("{}: {:.3g} against {:.3g}", column.column, column.comparison.method.mean,
                     column.comparison.oracles.mean);
}

PowerCheck passed(const ColumnVerdict& column) {
  return {true, fmt::format("Power check: passed. The original is told from the oracles by {}.",
                            means_text(column))};
}

// A given original may differ for having been trained on other rows, or on none: it must know more
// of what is to be forgotten, or less of what is to be added.
PowerCheck check_direction(const RowVerdict& verdict) {
  const ColumnVerdict* right = clearest(verdict, {"under-forgets", "under-learns"});
  const ColumnVerdict* wrong = clearest(verdict, {"over-forgets", "over-learns"});
  if (wrong == nullptr && right != nullptr) return passed(*right);
  const ColumnVerdict& shown = wrong != nullptr ? *wrong : *clearest(verdict, {});
  const char* why = wrong == nullptr                     ? "nothing says that it knows more of them"
                    : wrong->direction == "over-forgets" ? "it knows less of them than the oracles"
                                                         : "it knows them already";
  return {false,
          fmt::format("POWER CHECK: NOT PASSED. The given original does not look trained on these "
                      "rows: {} ({}), so no edit can be seen to change that. Was it trained on "
                      "these rows, and as `train` says?",
                      why, means_text(shown))};
}

// Of the originals of one variant.
PowerCheck check_original(const Results& results, const RowResult& original) {
  const RowVerdict verdict = judge(results, original, /*privacy_only=*/true);
  if (verdict.kind == RowVerdict::Kind::kAmong) {
    return {false,
            "POWER CHECK: NOT PASSED. The given original lies among the oracles: nothing shows "
            "here that it knows of the forget set, and no edit can be seen to remove it. Was it "
            "trained on these rows, and as `train` says?"};
  }
  if (verdict.kind == RowVerdict::Kind::kDistinguishable ||
      verdict.kind == RowVerdict::Kind::kApart) {
    return is_given(results) ? check_direction(verdict) : passed(*clearest(verdict, {}));
  }
  if (verdict.columns.empty()) {
    return {false, fmt::format("POWER CHECK: NOT PASSED. The original cannot be held against the "
                               "oracles ({}), so THIS EXPERIMENT CANNOT RANK METHODS. {}",
                               verdict.text, what_makes_columns_decide(results, original))};
  }
  const std::string memorise =
      "training that memorises (more epochs, less l2, a larger model) or a forget set that matters "
      "(mislabelled examples, a class, more of them)";
  if (verdict.kind == RowVerdict::Kind::kIndistinguishable) {
    return {false, fmt::format("POWER CHECK: FAILED. The original cannot be told from the oracles: "
                               "within the margin nothing was memorised, so THIS EXPERIMENT CANNOT "
                               "RANK METHODS. What would make it able to: {}; or a smaller "
                               "`verdict: {{margin: ...}}`, if that is wide.",
                               memorise)};
  }
  return {false,
          fmt::format("POWER CHECK: NOT PASSED. The original was not told from the oracles on "
                      "the edited set ({}), so THIS EXPERIMENT CANNOT RANK METHODS yet. What would "
                      "make it able to: more seeds, {}.",
                      verdict.text, memorise)};
}

}  // namespace

PowerCheck check_power(const Results& results) {
  std::optional<PowerCheck> first;
  for (const RowResult& row : results.rows) {
    if (!row.is_original()) continue;
    PowerCheck check = check_original(results, row);
    // Of several variants the one that cannot be ranked is what matters.
    if (!check.passed && row.name != kOriginalRow)
      check.text += " (Of the row '" + row.name + "'.)";
    if (!first || (first->passed && !check.passed)) first = std::move(check);
  }
  if (!first) return {false, "POWER CHECK: there is no original to hold up."};
  return *first;
}

}  // namespace oubli
