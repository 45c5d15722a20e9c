// `oubli explain WORD`: the definition, the range and the direction of a metric, by its name or by
// a heading of a table; what a verdict is; and every other word that tables and verdicts use.
#include "experiments/engine/commands/explain.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <set>
#include <vector>

#include "core/base/text.h"
#include "core/evaluate/metric.h"
#include "core/solve/solver.h"
#include "experiments/engine/commands/command.h"
#include "experiments/engine/report/column_words.h"
#include "experiments/engine/report/glossary.h"
#include "experiments/engine/report/layout.h"
#include "experiments/engine/terminal.h"

namespace oubli {
namespace {

void explain_verdict(std::size_t width) {
  const auto paragraph = [&](const std::string& text) { fmt::print("{}", wrapped(text, width)); };
  const auto outcome = [&](const std::string& word, const std::string& text) {
    fmt::print("{}", hanging("  " + word, 21, text, width));
  };
  paragraph("verdict: whether a row's models can be told from retrained ones.");
  paragraph(
      "Each decisive column (accuracy, loss, KL and attack AUC on the edited set, the first three "
      "on what is bad and unknown; accuracy and loss on retain and test; attack_success, "
      "parity_gap and opportunity_gap; of facts oracle_distance; others with `verdict: {columns: "
      "[...]}`) is held against the oracles' own values. The margin M is the root-mean-square "
      "difference of two oracles, sqrt 2 of their deviations s_y (`margin`: another number of "
      "them), or the column's resolution where that is larger (`oubli explain COLUMN`; of an "
      "accuracy one example of the set).");
  outcome(
      "indistinguishable",
      "two one-sided tests at 5 % show every column to lie within the margin. Of few seeds (see "
      "undecided) a column that does not scatter shows nothing where others do, or where all are "
      "accuracies of 0 or 1");
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

// One line of an explanation.
std::string entry(const std::string& label, const std::string& text) {
  return hanging("  " + label, 14, text, terminal_columns(stdout));
}

// A word of tables and verdicts, or what means the same; false where there is none.
bool explain_word(const std::string& name) {
  for (const Word& word : glossary()) {
    const bool is_meant = word.name == name || std::find(word.others.begin(), word.others.end(),
                                                         name) != word.others.end();
    if (!is_meant) continue;
    fmt::print("{}",
               wrapped(fmt::format("{}: {}.", word.name, word.text), terminal_columns(stdout)));
    return true;
  }
  return false;
}

// "forget acc." is the heading "acc." of the set forget; "LDS (1)" is "LDS" of one retraining.
bool is_heading(const std::string& name, const ColumnInfo& info) {
  if (info.heading.empty()) return false;
  if (name == info.heading) return true;
  if (name.ends_with(" " + info.heading)) return true;
  return name.starts_with(info.heading + " (") && name.ends_with(")");
}

// The columns of a metric that `name` means; false where there are none.
bool explain_columns(const std::string& name, const Registries& registries) {
  const std::string column = metric_of(name);
  const std::size_t width = terminal_columns(stdout);
  bool any = false;
  for (const Metric& metric : registries.metrics.entries()) {
    bool shown = false;
    for (const ColumnInfo& info : metric.columns) {
      if (metric.name != name && info.name != column && !is_heading(name, info)) continue;
      if (!shown) {
        fmt::print("{}{}{}", any ? "\n" : "",
                   wrapped(fmt::format("{} (metric): {}", metric.name, metric.summary), width),
                   wrapped("Source: " + metric.source, width));
      }
      shown = any = true;
      fmt::print("\n{}\n{}{}{}{}{}", info.name, entry("in tables", info.heading),
                 entry("definition", info.definition), entry("range", info.range),
                 entry("direction", better_words(info.better)),
                 entry("group", group_words(info.group)));
      if (info.resolution > 0) {
        fmt::print("{}", entry("resolution", fmt::format("differences up to {:g} do not matter",
                                                         info.resolution)));
      }
    }
  }
  return any;
}

// What kind of thing it is that `oubli describe` knows by this name; "" for none.
std::string described_kind(const std::string& name, const Registries& registries) {
  return registries.methods.contains(name)         ? "method"
         : registries.datasets.contains(name)      ? "data set"
         : registries.architectures.contains(name) ? "model"
         : registries.attributors.contains(name)   ? "attributor"
         : builtin_solvers().contains(name)        ? "solver"
                                                   : "";
}

}  // namespace

void explain(const std::string& name, const Registries& registries) {
  if (name == "verdict" || name == "verdicts") {
    explain_verdict(terminal_columns(stdout));
    return;
  }
  if (explain_columns(name, registries) || explain_word(name)) return;
  if (const std::string kind = described_kind(name, registries); !kind.empty()) {
    throw Error(ErrorKind::kSettings,
                fmt::format("{} is a {} and no word of tables: `oubli describe {}` has what it is, "
                            "with its settings.",
                            quote(name), kind, name));
  }
  std::set<std::string> names = {"verdict"};
  for (const Metric& metric : registries.metrics.entries()) {
    names.insert(metric.name);
    for (const ColumnInfo& info : metric.columns) names.insert(info.name);
  }
  for (const Word& word : glossary()) {
    names.insert(word.name);
    names.insert(word.others.begin(), word.others.end());
  }
  throw Error(ErrorKind::kSettings,
              unknown_name_message("word", name, {names.begin(), names.end()}));
}

void add_explain_command(CLI::App& program, CommandContext& context) {
  const auto words = std::make_shared<std::vector<std::string>>();
  CLI::App* command = program.add_subcommand(
      "explain", "say what a metric, a heading of a table or a word of a verdict means");
  command
      ->add_option("WORD", *words,
                   "a metric, a column, a heading, or a word such as verdict or margin")
      ->required();
  // Headings have spaces, which need no quotes here.
  command->callback([words, &context] {
    explain(fmt::format("{}", fmt::join(*words, " ")), context.registries);
  });
}

}  // namespace oubli
