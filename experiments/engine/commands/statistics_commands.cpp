// The commands that ask more of results than their table: rank and variance.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include "core/evaluate/statistics/bootstrap.h"
#include "core/evaluate/statistics/holm.h"
#include "core/evaluate/statistics/moments.h"
#include "core/evaluate/statistics/ranking.h"
#include "core/evaluate/statistics/t_tests.h"
#include "core/evaluate/statistics/variance.h"
#include "core/evaluate/statistics/wilcoxon.h"
#include "experiments/engine/commands/commands.h"
#include "experiments/engine/report/cell_text.h"
#include "experiments/engine/report/layout.h"
#include "experiments/engine/report/verdict.h"
#include "experiments/engine/terminal.h"

namespace oubli {
namespace {

// Lower is better, whatever the column: the distance to the oracles' mean where that is the aim.
std::vector<double> badness(const Results& results, const RowResult& row,
                            const std::string& column) {
  std::vector<double> values = row.seed_means(column);
  const RowResult* oracles = results.floor_of(row);
  if (row.at_least(column) || (oracles != nullptr && oracles->at_least(column))) return {};
  const ColumnInfo* info = results.info(column);
  const GoodSide better = info ? info->better : GoodSide::kOracle;
  if (better == GoodSide::kLower) return values;
  double aim = 0;
  if (better == GoodSide::kOracle) {
    const std::optional<Estimate> cell = oracles ? oracles->cell(column) : std::nullopt;
    if (!cell) return {};
    aim = cell->mean;
  }
  for (double& value : values) {
    value = better == GoodSide::kOracle ? std::abs(value - aim) : -value;
  }
  return values;
}

// The rows of all results that have a value for every training seed there.
std::vector<std::string> common_rows(const std::vector<Results>& all, const std::string& column) {
  std::vector<std::string> names;
  for (const RowResult& row : all.front().rows) {
    if (row.is_noise_floor()) continue;
    const bool everywhere = std::all_of(all.begin(), all.end(), [&](const Results& results) {
      const RowResult* found = results.find(row.name);
      return found != nullptr && !badness(results, *found, column).empty();
    });
    if (everywhere) names.push_back(row.name);
  }
  return names;
}

std::vector<std::string> named(const std::vector<std::string>& names,
                               const std::vector<std::size_t>& which) {
  std::vector<std::string> result;
  result.reserve(which.size());
  for (const std::size_t i : which) result.push_back(names[i]);
  return result;
}

std::string paragraph(const std::string& text) {
  return wrapped(text, std::min<std::size_t>(terminal_columns(stdout), 100));
}

void print_pairs(const std::vector<std::string>& names,
                 const std::vector<std::vector<double>>& blocks) {
  struct Pair {
    std::size_t a, b;
    TTest test;
    WilcoxonTest signed_rank;
  };
  const auto values_of = [&](std::size_t method) {
    std::vector<double> values;
    values.reserve(blocks.size());
    for (const std::vector<double>& block : blocks) values.push_back(block[method]);
    return values;
  };
  std::vector<Pair> pairs;
  std::vector<double> p_values;
  for (std::size_t a = 0; a < names.size(); ++a) {
    for (std::size_t b = a + 1; b < names.size(); ++b) {
      const std::vector<double> x = values_of(a), y = values_of(b);
      pairs.push_back({a, b, paired_t_test(x, y), wilcoxon_signed_rank(x, y)});
      p_values.push_back(pairs.back().test.p);
    }
  }
  const std::vector<double> adjusted = holm_adjusted(p_values);
  std::size_t width = 4;
  for (const Pair& pair : pairs) {
    width = std::max(width, names[pair.a].size() + names[pair.b].size() + 3);
  }
  fmt::print("\n{:<{}}  {:>22}  {:>9}  {:>9}\n", "pair", width, "difference (95 %)", "p (Holm)",
             "Wilcoxon");
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    const Pair& pair = pairs[i];
    // The sign of ± takes one byte more than it shows.
    fmt::print("{:<{}}  {:>23}  {:>9.2g}  {:>9.2g}\n",
               fmt::format("{} - {}", names[pair.a], names[pair.b]), width,
               difference_text(pair.test), adjusted[i], pair.signed_rank.p);
  }
  fmt::print("\n{}",
             paragraph(fmt::format(
                 "Paired t-tests over blocks, Holm's correction for {} pairs. Wilcoxon's "
                 "signed-rank test, uncorrected, can reach {:.2g} at best with so many blocks.",
                 pairs.size(), std::exp2(1 - static_cast<double>(blocks.size())))));
}

std::string bootstrap_text(const std::vector<double>& values) {
  if (values.size() < 2) return "-";
  const Interval interval = bootstrap(values, [](const std::vector<double>& drawn) {
                              return moments(drawn).mean;
                            }).interval;
  return fmt::format("[{:.4g}, {:.4g}]", interval.lower, interval.upper);
}

// Rows that are not ranked, and why.
void print_left_out(const std::vector<Results>& all, const std::vector<std::string>& ranked,
                    const std::string& column) {
  std::set<std::string> seen;
  for (const Results& results : all) {
    for (const RowResult& row : results.rows) {
      const bool is_ranked = std::find(ranked.begin(), ranked.end(), row.name) != ranked.end();
      if (row.is_noise_floor() || is_ranked || !seen.insert(row.name).second) continue;
      std::string why = "not in every result";
      for (const Results& other : all) {
        const RowResult* found = other.find(row.name);
        if (found == nullptr) continue;
        if (!found->failure_text().empty()) {
          why = found->failure_text();
        } else if (found->seed_means(column).empty()) {
          why = "no value for every training seed";
        } else if (badness(other, *found, column).empty()) {
          why = "only lower limits, or no value of the oracles";
        }
      }
      fmt::print("     -  {}: {}\n", row.name, why);
    }
  }
}

// Half of the oracles judge a swept row where the other half chose its settings.
void print_unlike_judges(const std::vector<Results>& all, const std::vector<std::string>& names) {
  std::vector<std::string> swept;
  for (const std::string& name : names) {
    if (std::any_of(all.begin(), all.end(), [&](const Results& results) {
          return results.find(name)->noise_floor == kSweptNoiseFloor;
        })) {
      swept.push_back(name);
    }
  }
  if (swept.empty() || swept.size() == names.size()) return;
  fmt::print("\n{}", paragraph(fmt::format(
                         "Not quite alike: {} held against the oracles that did not choose its "
                         "settings, the others against all of them. The mean of fewer oracles "
                         "scatters more, which makes gaps to it look larger.",
                         swept.size() == 1 ? swept.front() + " is"
                                           : fmt::format("{} are each", fmt::join(swept, ", ")))));
}

void print_ranking(const std::vector<Results>& all, const std::vector<std::string>& names,
                   const std::string& column, const std::vector<std::vector<double>>& blocks) {
  const ColumnInfo* info = all.front().info(column);
  const bool to_oracles = info == nullptr || info->better == GoodSide::kOracle;
  const Ranking ranking = rank_methods(blocks);
  fmt::print("{}\n",
             paragraph(fmt::format(
                 "Average rank by {}{} over {} blocks (training seeds of {} result{}); 1 is "
                 "best.",
                 to_oracles ? "distance to the oracles' mean " : "", column, blocks.size(),
                 all.size(), all.size() == 1 ? "" : "s")));
  std::vector<std::size_t> order(names.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return ranking.average_ranks[a] < ranking.average_ranks[b];
  });
  for (const std::size_t i : order) fmt::print("{:6.2f}  {}\n", ranking.average_ranks[i], names[i]);
  print_left_out(all, names, column);
  std::vector<std::string> cliques;
  for (const std::vector<std::size_t>& clique : ranking.cliques) {
    cliques.push_back(fmt::format("{}", fmt::join(named(names, clique), ", ")));
  }
  fmt::print("\n{}",
             paragraph(fmt::format(
                 "Friedman's test that all are alike: chi2 = {:.3g}, p = {:.2g}; Iman and "
                 "Davenport: F = {:.3g}, p = {:.2g}. Critical difference at 5 % (Nemenyi): "
                 "{:.2f}. {}",
                 ranking.chi2, ranking.chi2_p, ranking.f, ranking.f_p, ranking.critical_difference,
                 cliques.empty() ? "It tells all rows apart."
                                 : fmt::format("Not told apart: {}.", fmt::join(cliques, "; ")))));
}

}  // namespace

int rank_results(const std::vector<std::string>& folders, const std::string& column,
                 const Registries& registries) {
  std::vector<Results> all;
  all.reserve(folders.size());
  for (const std::string& folder : folders) all.push_back(load_results(folder, registries.metrics));
  for (std::size_t i = 0; i < all.size(); ++i) {
    const std::vector<std::string>& columns = all[i].columns;
    if (std::find(columns.begin(), columns.end(), column) == columns.end()) {
      const Metric* metric = find_metric_of(registries.metrics, column);
      std::vector<std::string> of_metric;
      for (const std::string& other : columns) {
        const Metric* owner = find_metric_of(registries.metrics, other);
        if (metric != nullptr && owner == metric) of_metric.push_back(other);
      }
      if (!of_metric.empty()) {
        throw Error(ErrorKind::kSettings,
                    fmt::format("{}: '{}' has several columns: choose with --by among {}.",
                                folders[i], column, fmt::join(of_metric, ", ")));
      }
      throw Error(ErrorKind::kSettings,
                  metric == nullptr
                      ? folders[i] + ": " + unknown_name_message("column", column, columns)
                      : fmt::format("{}: {} was not measured: add {} to 'measure', or choose with "
                                    "--by among {}.",
                                    folders[i], column, metric->name, fmt::join(columns, ", ")));
    }
  }
  const std::vector<std::string> names = common_rows(all, column);
  std::vector<std::vector<double>> blocks;
  for (const Results& results : all) {
    std::vector<std::vector<double>> by_method;
    by_method.reserve(names.size());
    for (const std::string& name : names) {
      by_method.push_back(badness(results, *results.find(name), column));
    }
    const std::size_t seeds = by_method.empty() ? 0 : by_method.front().size();
    for (std::size_t s = 0; s < seeds; ++s) {
      std::vector<double> block;
      block.reserve(names.size());
      for (const std::vector<double>& values : by_method) block.push_back(values[s]);
      blocks.push_back(std::move(block));
    }
  }
  if (names.size() < 2 || blocks.size() < 2) {
    print_left_out(all, names, column);
    fmt::print(
        "A ranking needs two rows or more with values for {}, over two training seeds or "
        "more: there are {} and {}.\n",
        column, names.size(), blocks.size());
    return 1;
  }
  print_ranking(all, names, column, blocks);
  print_unlike_judges(all, names);
  print_pairs(names, blocks);
  return 0;
}

int show_variance(const std::string& folder, const Registries& registries) {
  const Results results = load_results(folder, registries.metrics);
  const auto deviation = [](const std::optional<double>& variance) {
    return variance ? fmt::format("{:.3g}", std::sqrt(*variance)) : std::string("-");
  };
  // Bootstrap intervals where there is room for them.
  const bool wide = terminal_columns(stdout) >= 110;
  const auto print_row = [&](const std::vector<std::string>& cells, std::size_t name_width) {
    // The sign of ± takes one byte more than it shows.
    const std::size_t mean = cells[2].find("±") == std::string::npos ? 20 : 21;
    fmt::print("{:<{}}  {:<21} {:>{}} ", cells[0], name_width, cells[1], cells[2], mean);
    if (wide) fmt::print("{:>22} ", cells[3]);
    fmt::print("{:>9} {:>8}\n", cells[4], cells[5]);
  };
  std::size_t width = 3;
  for (const RowResult& row : results.rows) width = std::max(width, row.name.size());
  fmt::print("{}\n\n", results.title);
  bool is_empty = true;
  print_row({"row", "column", "mean", "bootstrap 95 %", "training", "runs"}, width);
  for (const RowResult& row : results.rows) {
    for (const std::string& column : decisive_columns(results)) {
      std::vector<std::vector<double>> values;
      if (row.is_noise_floor()) {
        for (const double value : results.oracle_values(row, column)) values.push_back({value});
      } else if (!row.at_least(column)) {
        for (const auto& [seed, runs] : row.values_by_seed(column)) values.push_back(runs);
      }
      if (values.empty()) continue;
      is_empty = false;
      const VarianceSplit split = split_variance(values);
      const Estimate mean = *row.cell(column);
      std::vector<double> means;
      means.reserve(values.size());
      for (const std::vector<double>& runs : values) means.push_back(moments(runs).mean);
      std::optional<double> training = split.training_variance;
      if (!split.unlearning_variance && means.size() > 1) training = moments(means).variance;
      print_row({row.name, column, cell_text(mean), wide ? bootstrap_text(means) : "",
                 deviation(training), deviation(split.unlearning_variance)},
                width);
    }
  }
  fmt::print("\n{}",
             paragraph("training: standard deviation between models trained with other seeds "
                       "(between oracles, in the noise floor). runs: between runs of a method on "
                       "one of them; without a second run (seeds.unlearning) it is part of the "
                       "former. Intervals are over training seeds: Student's, and where there "
                       "are 110 columns the BCa bootstrap's, too narrow for few seeds."));
  if (is_empty) std::fputs("oubli: no row has a number.\n", stderr);
  return is_empty ? 1 : 0;
}

}  // namespace oubli
