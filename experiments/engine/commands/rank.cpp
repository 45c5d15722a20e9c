// `oubli rank RESULTS...`: ranks the rows by a column over all training seeds, with tests of their
// differences.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>
#include <set>
#include <string>
#include <vector>

#include "core/evaluate/statistics/holm.h"
#include "core/evaluate/statistics/ranking.h"
#include "core/evaluate/statistics/t_tests.h"
#include "core/evaluate/statistics/wilcoxon.h"
#include "experiments/engine/commands/command.h"
#include "experiments/engine/commands/paragraph.h"
#include "experiments/engine/commands/ranked_rows.h"
#include "experiments/engine/report/cell_text.h"
#include "experiments/engine/report/results.h"

namespace oubli {
namespace {

std::vector<std::string> named(const std::vector<std::string>& names,
                               const std::vector<std::size_t>& which) {
  std::vector<std::string> result;
  result.reserve(which.size());
  for (const std::size_t i : which) result.push_back(names[i]);
  return result;
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
          return is_swept_noise_floor_row(results.find(name)->noise_floor);
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

int rank_results(const std::vector<std::string>& folders, const std::string& column,
                 const Registries& registries) {
  std::vector<Results> all;
  all.reserve(folders.size());
  for (const std::string& folder : folders) all.push_back(load_results(folder, registries.metrics));
  for (std::size_t i = 0; i < all.size(); ++i) {
    require_column(all[i], folders[i], column, registries.metrics);
  }
  const std::vector<std::string> names = common_rows(all, column);
  const std::vector<std::vector<double>> blocks = blocks_of(all, names, column);
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

}  // namespace

void add_rank_command(CLI::App& program, CommandContext& context) {
  struct Options {
    std::vector<std::string> folders;
    std::string column = "avg_gap";
  };
  const auto options = std::make_shared<Options>();
  CLI::App* rank =
      program.add_subcommand("rank", "rank the methods of one run or several, with tests");
  rank->add_option("RESULTS", options->folders, "folders of results")->required();
  rank->add_option("--by", options->column, "column to rank by (default: avg_gap)");
  rank->callback([options, &context] {
    context.status = rank_results(options->folders, options->column, context.registries);
  });
}

}  // namespace oubli
