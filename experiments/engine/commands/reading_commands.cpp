// The commands that read results without running anything: show, compare, explain.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "core/base/text.h"
#include "core/evaluate/statistics/holm.h"
#include "core/evaluate/statistics/t_tests.h"
#include "experiments/engine/commands/commands.h"
#include "experiments/engine/report/cell_text.h"
#include "experiments/engine/report/formats/formats.h"
#include "experiments/engine/report/layout.h"
#include "experiments/engine/report/report_model.h"
#include "experiments/engine/report/verdict.h"
#include "experiments/engine/terminal.h"

namespace oubli {
namespace {

const char* group_name(ColumnGroup group) {
  switch (group) {
    case ColumnGroup::kPrivacy:
      return "privacy";
    case ColumnGroup::kUtility:
      return "utility";
    case ColumnGroup::kCost:
      return "cost";
    case ColumnGroup::kBySet:
      return "privacy on the edited set, utility on other sets";
  }
  return "";
}

const char* better_name(GoodSide better) {
  switch (better) {
    case GoodSide::kOracle:
      return "as close as possible to the oracles' value (or the noise floor), not an extreme";
    case GoodSide::kLower:
      return "lower is better";
    case GoodSide::kHigher:
      return "higher is better";
  }
  return "";
}

void explain_verdict(std::size_t width) {
  const auto paragraph = [&](const std::string& text) { fmt::print("{}", wrapped(text, width)); };
  const auto outcome = [&](const std::string& word, const std::string& text) {
    fmt::print("{}", hanging("  " + word, 21, text, width));
  };
  paragraph("verdict: whether a row's models can be told from retrained ones.");
  paragraph(
      "Each decisive column (accuracy, loss, KL and attack AUC on the edited set; accuracy and "
      "loss on retain and test; others with `verdict: {columns: [...]}`) is held against the "
      "oracles' own values. The margin M is the root-mean-square difference of two oracles, sqrt 2 "
      "of their deviations s_y (`margin`: another number of them), or the column's resolution "
      "where that is larger (`oubli explain COLUMN`; of an accuracy one example of the set).");
  outcome("indistinguishable",
          "two one-sided tests at 5 % show every column to lie within the margin");
  outcome(
      "distinguishable",
      "a column differs (Welch's test, 5 %, Holm's correction over the row's columns) and is not "
      "within the margin: under-forgets, over-forgets, hurts, or differs");
  outcome("undecided",
          "neither: about how many more seeds would decide at 80 % power (from 5 training and 8 "
          "oracle seeds on), or which column has no value");
  outcome("failed", "a model diverged or failed");
  paragraph("A difference that is merely not significant gives no verdict.");
  paragraph(
      "The tests: with d the difference of the means of S training seeds and J oracles, s_x and "
      "s_y their deviations and t_n Student's 95 % quantile with n - 1 degrees of freedom, a "
      "column lies within the margin where |d| + sqrt(t_S^2 s_x^2 / S + t_J^2 s_y^2 / J + (M - "
      "M_L)^2) < M. M_L is M sqrt((J - 1) / chi2), never above M, with the 95 % quantile of "
      "chi-squared with J - 1 degrees of freedom where M comes from the oracles' deviations (where "
      "that lower limit, at 98.75 %, is still above the resolution), else M.");
  paragraph(
      "Where a sweep chose a row's settings by nearness to the oracles, the first half of six "
      "oracles or more chooses and the other half judges: such rows have a noise floor of their "
      "own, of the judges. With fewer all do both, and the text says so: the nearest of many "
      "trials looks nearer than it is.");
  paragraph(
      "Distances to the oracles need three of them: an oracle's value is its distance to the "
      "others, and two of those share a pair, for which they are scaled about their mean by (J - "
      "1) / (J - 2).");
  paragraph("Source: Schuirmann 1987; Zou and Donner 2008; Welch 1947; Holm 1979; Berger 1982.");
}

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

void add_differences(const Json& a, const Json& b, const std::string& key,
                     std::vector<std::string>& names) {
  if (a == b) return;
  if (!a.is_object() || !b.is_object()) {
    names.push_back(key);
    return;
  }
  const auto name = [&](const std::string& inner) {
    return key.empty() ? inner : fmt::format("{}.{}", key, inner);
  };
  for (const auto& [inner, value] : a.items()) {
    add_differences(value, b.contains(inner) ? b.at(inner) : Json(), name(inner), names);
  }
  for (const auto& [inner, value] : b.items()) {
    if (!a.contains(inner)) names.push_back(name(inner));
  }
}

std::string settings_that_differ(const Json& a, const Json& b) {
  std::vector<std::string> names;
  add_differences(a, b, "", names);
  std::erase(names, "title");
  return names.empty() ? "Both have the same settings."
                       : fmt::format("Settings that differ: {}.", fmt::join(names, ", "));
}

// Of a run's stages, without how many there are of each.
std::set<std::string> kinds_of_machine(const Results& results) {
  std::set<std::string> kinds;
  for (Json machine : results.machines) {
    machine.erase("stages");
    kinds.insert(machine.dump());
  }
  return kinds;
}

// One line of an explanation.
std::string entry(const std::string& label, const std::string& text) {
  return hanging("  " + label, 14, text, terminal_columns(stdout));
}

struct Compared {
  std::string row, column;
  TTest test;
  bool paired = false;
  double mean_a = 0, mean_b = 0;
};

void print_comparison(const std::vector<Compared>& compared, std::size_t width) {
  std::vector<double> p_values;
  p_values.reserve(compared.size());
  for (const Compared& c : compared) p_values.push_back(c.test.p);
  const std::vector<double> adjusted = holm_adjusted(p_values);
  std::size_t row_width = 3, column_width = 6;
  for (const Compared& c : compared) {
    row_width = std::max(row_width, c.row.size());
    column_width = std::max(column_width, c.column.size());
  }
  fmt::print("\n{:<{}} {:<{}} {:>10} {:>10} {:>19}  {}\n", "row", row_width, "column", column_width,
             "A", "B", "A - B (95 %)", "p (Holm)");
  for (std::size_t i = 0; i < compared.size(); ++i) {
    const Compared& c = compared[i];
    // "±" is two bytes and one column.
    fmt::print("{:<{}} {:<{}} {:>10.4g} {:>10.4g} {:>20}  {:.2g}{}\n", c.row, row_width, c.column,
               column_width, c.mean_a, c.mean_b, difference_text(c.test), adjusted[i],
               c.paired ? "" : " Welch");
  }
  fmt::print(
      "\n{}",
      wrapped(fmt::format("Paired t-tests over the training seeds of both (Welch's where there "
                          "are no two, or the data differ). Intervals are of one comparison; "
                          "p is corrected for all {}.",
                          compared.size()),
              width));
}

}  // namespace

int exit_status(const Results& results) {
  if (results.has_numbers()) return 0;
  std::fputs("oubli: no method's row has a number: its messages say why.\n", stderr);
  return 1;
}

int show_results(const std::string& folder, const Registries& registries) {
  const Results results = load_results(folder, registries.metrics);
  fmt::print("{}", console_table(report_model(results), terminal_columns(stdout)));
  return exit_status(results);
}

int explain_metric(const std::string& name, const Registries& registries) {
  if (name == "verdict") {
    explain_verdict(terminal_columns(stdout));
    return 0;
  }
  const std::string column = metric_of(name);
  if (column != name && find_column(registries.metrics, name) != nullptr) {
    const std::string problem = column_problem(registries.metrics, name);
    if (!problem.empty()) throw Error(ErrorKind::kSettings, problem);
  }
  std::set<std::string> names = {"verdict"};
  for (const Metric& metric : registries.metrics.entries()) {
    names.insert(metric.name);
    bool shown = false;
    for (const ColumnInfo& info : metric.columns) {
      names.insert(info.name);
      if (metric.name != name && info.name != column && info.heading != name) continue;
      if (!shown) {
        const std::size_t width = terminal_columns(stdout);
        fmt::print("{}{}",
                   wrapped(fmt::format("{} (metric): {}", metric.name, metric.summary), width),
                   wrapped("Source: " + metric.source, width));
      }
      shown = true;
      fmt::print("\n{}\n{}{}{}{}{}", info.name, entry("in tables", info.heading),
                 entry("definition", info.definition), entry("range", info.range),
                 entry("direction", better_name(info.better)),
                 entry("group", group_name(info.group)));
      if (info.resolution > 0) {
        fmt::print("{}", entry("resolution", fmt::format("differences up to {:g} do not matter",
                                                         info.resolution)));
      }
    }
    if (shown) return 0;
  }
  throw Error(ErrorKind::kSettings,
              unknown_name_message("metric or column", name, {names.begin(), names.end()}));
}

int compare_results(const std::string& folder_a, const std::string& folder_b,
                    const Registries& registries) {
  const Results a = load_results(folder_a, registries.metrics);
  const Results b = load_results(folder_b, registries.metrics);
  std::vector<Compared> compared;
  std::size_t identical = 0;
  for (const RowResult& row : a.rows) {
    for (const RowResult& other : b.rows) {
      if (other.name != row.name || row.is_noise_floor()) continue;
      for (const std::string& column : decisive_columns(a)) {
        std::vector<double> x = row.seed_means(column), y = other.seed_means(column);
        if (x.size() < 2 || y.size() < 2) continue;
        if (row.at_least(column) || other.at_least(column)) continue;  // not to be averaged
        const auto [own, others] = common_seeds(row, other, column);
        // The same seeds start the same originals, so their difference is taken seed by seed.
        const bool paired = own.size() > 1 && a.resolved.at("data") == b.resolved.at("data");
        if (paired) {
          x = own;
          y = others;
        }
        if (x == y) {  // nothing to test, as where the stages are the same
          ++identical;
          continue;
        }
        compared.push_back({row.name, column, paired ? paired_t_test(x, y) : welch_t_test(x, y),
                            paired, moments(x).mean, moments(y).mean});
      }
    }
  }
  fmt::print("A: {} ({})\nB: {} ({})\n", a.title, printable(folder_a), b.title,
             printable(folder_b));
  const std::size_t width = terminal_columns(stdout);
  fmt::print("{}", wrapped(settings_that_differ(a.resolved, b.resolved), width));
  if (kinds_of_machine(a) != kinds_of_machine(b)) {
    fmt::print("{}",
               wrapped("Made on unlike machines (`machines` in results.json), whose last bits "
                       "differ, which training amplifies: some of a difference may be that.",
                       width));
  }
  if (identical > 0) {
    fmt::print("Equal in every seed, and left out: {} comparison{}.\n", identical,
               identical == 1 ? "" : "s");
  }
  if (!compared.empty()) {
    print_comparison(compared, width);
  } else if (identical == 0) {
    fmt::print("No row of both, with two training seeds or more, has a column to compare.\n");
    return 1;
  }
  return 0;
}

}  // namespace oubli
