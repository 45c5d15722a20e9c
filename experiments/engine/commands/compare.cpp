// `oubli compare A B`: tests two runs against each other, row by row.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/base/text.h"
#include "core/evaluate/statistics/holm.h"
#include "core/evaluate/statistics/moments.h"
#include "core/evaluate/statistics/t_tests.h"
#include "experiments/engine/commands/command.h"
#include "experiments/engine/commands/print_table.h"
#include "experiments/engine/report/cell_text.h"
#include "experiments/engine/report/layout.h"
#include "experiments/engine/report/results.h"
#include "experiments/engine/report/verdict.h"
#include "experiments/engine/terminal.h"

namespace oubli {
namespace {

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

struct Comparisons {
  std::vector<Compared> tested;
  std::size_t identical = 0;  // nothing to test, as where the stages are the same
};

// One column of two rows of the same name, where both have two training seeds or more.
void compare_column(const Results& a, const Results& b, const RowResult& row,
                    const RowResult& other, const std::string& column, Comparisons& found) {
  std::vector<double> x = row.seed_means(column), y = other.seed_means(column);
  if (x.size() < 2 || y.size() < 2) return;
  if (row.at_least(column) || other.at_least(column)) return;  // not to be averaged
  const auto [own, others] = common_seeds(row, other, column);
  // The same seeds start the same originals, so their difference is taken seed by seed.
  const bool paired = own.size() > 1 && a.resolved.at("data") == b.resolved.at("data");
  if (paired) {
    x = own;
    y = others;
  }
  if (x == y) {
    ++found.identical;
    return;
  }
  found.tested.push_back({row.name, column, paired ? paired_t_test(x, y) : welch_t_test(x, y),
                          paired, moments(x).mean, moments(y).mean});
}

Comparisons compare_rows(const Results& a, const Results& b) {
  Comparisons found;
  for (const RowResult& row : a.rows) {
    for (const RowResult& other : b.rows) {
      if (other.name != row.name || row.is_noise_floor()) continue;
      for (const std::string& column : decisive_columns(a)) {
        compare_column(a, b, row, other, column, found);
      }
    }
  }
  return found;
}

int compare_results(const std::string& folder_a, const std::string& folder_b,
                    const Registries& registries) {
  const Results a = load_results_by_seed(folder_a, registries.metrics);
  const Results b = load_results_by_seed(folder_b, registries.metrics);
  warn_without_power(a, folder_a);
  warn_without_power(b, folder_b);
  const Comparisons found = compare_rows(a, b);
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
  if (found.identical > 0) {
    fmt::print("Equal in every seed, and left out: {} comparison{}.\n", found.identical,
               found.identical == 1 ? "" : "s");
  }
  if (!found.tested.empty()) {
    print_comparison(found.tested, width);
  } else if (found.identical == 0) {
    fmt::print("No row of both, with two training seeds or more, has a column to compare.\n");
    return 1;
  }
  return 0;
}

}  // namespace

void add_compare_command(CLI::App& program, CommandContext& context) {
  struct Folders {
    std::string a, b;
  };
  const auto folders = std::make_shared<Folders>();
  CLI::App* compare =
      program.add_subcommand("compare", "test two runs against each other, row by row");
  compare->add_option("A", folders->a, "folder of results")->required();
  compare->add_option("B", folders->b, "another")->required();
  compare->callback([folders, &context] {
    context.status = compare_results(folders->a, folders->b, context.registries);
  });
}

}  // namespace oubli
