// The commands that read results without running anything: show, compare, explain.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "core/evaluate/statistics/holm.h"
#include "core/evaluate/statistics/t_tests.h"
#include "experiments/engine/commands.h"
#include "experiments/engine/display.h"
#include "experiments/engine/table.h"
#include "experiments/engine/verdict.h"

namespace oubli {
namespace {

const char* group_name(Group group) {
  switch (group) {
    case Group::kPrivacy:
      return "privacy";
    case Group::kUtility:
      return "utility";
    case Group::kCost:
      return "cost";
    case Group::kBySet:
      return "privacy on the edited set, utility on other sets";
  }
  return "";
}

const char* better_name(Better better) {
  switch (better) {
    case Better::kOracle:
      return "as close as possible to the oracles' value (or the noise floor), not an extreme";
    case Better::kLower:
      return "lower is better";
    case Better::kHigher:
      return "higher is better";
  }
  return "";
}

const char* const kVerdictText =
    "verdict: whether a row's models can be told from retrained ones.\n"
    "Each decisive column (accuracy, loss, KL and attack AUC on the edited set; accuracy and loss\n"
    "on retain and test; others with `verdict: {columns: [...]}`) is held against the oracles'\n"
    "own values. The margin is the root-mean-square difference of two oracles (`margin`: another\n"
    "number of their deviations), or the column's resolution where that is larger.\n"
    "  indistinguishable  two one-sided tests at 5 % show every column to lie within the margin\n"
    "  distinguishable    a column differs (Welch's test, Holm's correction, 5 %) and is not "
    "within\n"
    "                     the margin: under-forgets, over-forgets, hurts, or differs\n"
    "  undecided          neither: about how many more seeds would decide at 80 % power\n"
    "  failed             a model diverged or failed\n"
    "A difference that is merely not significant gives no verdict.\n"
    "Source: Schuirmann 1987; Welch 1947; Holm 1979; Berger 1982.\n";

// The values of both rows for the training seeds that both have.
std::pair<std::vector<double>, std::vector<double>> common_seeds(const RowResult& a,
                                                                 const RowResult& b,
                                                                 const std::string& column) {
  std::pair<std::vector<double>, std::vector<double>> common;
  const auto others = b.values_by_seed(column);
  for (const auto& [seed, values] : a.values_by_seed(column)) {
    const auto found = others.find(seed);
    if (found == others.end()) continue;
    common.first.push_back(moments(values).mean);
    common.second.push_back(moments(found->second).mean);
  }
  return common;
}

struct Compared {
  std::string row, column;
  TTest test;
  bool paired = false;
  double mean_a = 0, mean_b = 0;
};

}  // namespace

int show_results(const std::string& folder, const Registries& registries) {
  fmt::print("{}",
             terminal_table(load_results(folder, registries.metrics), terminal_columns(stdout)));
  return 0;
}

int explain_metric(const std::string& name, const Registries& registries) {
  if (name == "verdict") {
    fmt::print("{}", kVerdictText);
    return 0;
  }
  std::vector<std::string> names = registries.metrics.names();
  names.emplace_back("verdict");
  for (const Metric& metric : registries.metrics.entries()) {
    const std::string column = metric_of(name);
    bool shown = false;
    for (const ColumnInfo& info : metric.columns) {
      names.push_back(info.name);
      if (metric.name != name && info.name != column) continue;
      if (!shown)
        fmt::print("{} (metric): {}\nSource: {}\n", metric.name, metric.summary, metric.source);
      shown = true;
      fmt::print("\n{}\n  definition  {}\n  range       {}\n  direction   {}\n  group       {}\n",
                 info.name, info.definition, info.range, better_name(info.better),
                 group_name(info.group));
      if (info.resolution > 0) {
        fmt::print("  resolution  differences up to {:g} do not matter\n", info.resolution);
      }
    }
    if (shown) return 0;
  }
  throw Error(ErrorKind::kSettings, unknown_name_message("metric or column", name, names));
}

int compare_results(const std::string& folder_a, const std::string& folder_b,
                    const Registries& registries) {
  const Results a = load_results(folder_a, registries.metrics);
  const Results b = load_results(folder_b, registries.metrics);
  std::vector<Compared> compared;
  std::vector<double> p_values;
  for (const RowResult& row : a.rows) {
    for (const RowResult& other : b.rows) {
      if (other.name != row.name || row.is_noise_floor()) continue;
      for (const std::string& column : decisive_columns(a)) {
        std::vector<double> x = row.seed_means(column), y = other.seed_means(column);
        if (x.size() < 2 || y.size() < 2) continue;
        const auto [own, others] = common_seeds(row, other, column);
        // The same seeds start the same originals, so their difference is taken seed by seed.
        const bool paired = own.size() > 1 && a.resolved.at("data") == b.resolved.at("data");
        if (paired) {
          x = own;
          y = others;
        }
        compared.push_back({row.name, column, paired ? paired_t_test(x, y) : welch_t_test(x, y),
                            paired, moments(x).mean, moments(y).mean});
        p_values.push_back(compared.back().test.p);
      }
    }
  }
  fmt::print("A: {} ({})\nB: {} ({})\n", a.title, folder_a, b.title, folder_b);
  if (compared.empty()) {
    fmt::print("No row of both, with two training seeds or more, has a column to compare.\n");
    return 0;
  }
  const std::vector<double> adjusted = holm_adjusted(p_values);
  fmt::print("\n{:<18} {:<22} {:>10} {:>10} {:>22}  {}\n", "row", "column", "A", "B",
             "A - B (95 %)", "p (Holm)");
  for (std::size_t i = 0; i < compared.size(); ++i) {
    const Compared& c = compared[i];
    const Interval interval = c.test.interval(0.95);
    const Estimate difference{c.test.difference, (interval.upper - interval.lower) / 2, 2};
    const std::string text = cell_text(difference);
    fmt::print("{:<18} {:<22} {:>10.4g} {:>10.4g} {:>23}  {:.3g}{}\n", c.row, c.column, c.mean_a,
               c.mean_b, text, adjusted[i], c.paired ? "" : "  (not paired)");
  }
  fmt::print(
      "\nPaired t-tests over the training seeds of both (Welch's where there are no two, or the "
      "data "
      "differ), "
      "corrected for {} comparisons.\n",
      compared.size());
  return 0;
}

}  // namespace oubli
