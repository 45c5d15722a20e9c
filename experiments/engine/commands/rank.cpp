// `oubli rank RESULTS...`: ranks the rows by a column over all training seeds, with tests of their
// differences.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>
#include <memory>
#include <numeric>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/evaluate/statistics/ranking.h"
#include "experiments/engine/commands/command.h"
#include "experiments/engine/commands/paragraph.h"
#include "experiments/engine/commands/print_table.h"
#include "experiments/engine/commands/ranked_pairs.h"
#include "experiments/engine/commands/ranked_rows.h"
#include "experiments/engine/report/results.h"

namespace oubli {
namespace {

struct RankOptions {
  std::string column = "avg_gap";
  RankBlocks blocks = RankBlocks::kSeeds;
  std::string against;
};

// A letter for each group of rows that are not told apart, on every row of it; a row without one
// differs from all others.
std::vector<std::string> letters_of(const Ranking& ranking) {
  constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  std::vector<std::string> letters(ranking.average_ranks.size());
  for (std::size_t i = 0; i < ranking.cliques.size(); ++i) {
    for (const std::size_t method : ranking.cliques[i]) {
      letters[method] += kLetters[i % kLetters.size()];
    }
  }
  return letters;
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
  std::vector<std::string> swept, given;
  for (const std::string& name : names) {
    const bool is_swept = std::any_of(all.begin(), all.end(), [&](const Results& results) {
      return is_swept_noise_floor_row(results.find(name)->noise_floor);
    });
    (is_swept ? swept : given).push_back(name);
  }
  if (swept.empty() || given.empty()) return;
  const std::string who =
      swept.size() > given.size()
          ? fmt::format("all rows but {} are", fmt::join(given, ", "))
          : fmt::format("{} {}", fmt::join(swept, ", "), swept.size() == 1 ? "is" : "are");
  fmt::print("\n{}", paragraph(fmt::format(
                         "Not quite alike: {} held against the oracles that did not choose their "
                         "settings, the others against all of them. The mean of fewer oracles "
                         "scatters more, which makes gaps to it look larger.",
                         who)));
}

// What was ranked, and by what.
std::string heading(const std::vector<Results>& all, const RankOptions& options,
                    std::size_t blocks) {
  const ColumnInfo* info = all.front().info(options.column);
  const bool to_oracles = info == nullptr || info->better == GoodSide::kOracle;
  const std::string results = fmt::format("{} result{}", all.size(), all.size() == 1 ? "" : "s");
  return fmt::format("Average rank by {}{} over {} blocks ({}); 1 is best.",
                     to_oracles ? "distance to the oracles' mean " : "", options.column, blocks,
                     options.blocks == RankBlocks::kSeeds
                         ? "training seeds of " + results
                         : results + ", each the mean over its training seeds");
}

void print_ranking(const std::vector<Results>& all, const std::vector<std::string>& names,
                   const RankOptions& options, const std::vector<std::vector<double>>& blocks) {
  const Ranking ranking = rank_methods(blocks);
  const std::vector<std::string> letters = letters_of(ranking);
  std::size_t width = 0;
  for (const std::string& name : names) width = std::max(width, name.size());
  std::vector<std::size_t> order(names.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return ranking.average_ranks[a] < ranking.average_ranks[b];
  });
  fmt::print("{}\n", paragraph(heading(all, options, blocks.size())));
  for (const std::size_t i : order) {
    const std::string line =
        fmt::format("{:6.2f}  {:<{}}  {}", ranking.average_ranks[i], names[i], width, letters[i]);
    fmt::print("{}\n", line.substr(0, line.find_last_not_of(' ') + 1));
  }
  print_left_out(all, names, options.column);
  fmt::print("\n{}",
             paragraph(fmt::format(
                 "Friedman's test that all are alike: chi2 = {:.3g}, p = {:.2g}; Iman and "
                 "Davenport: F = {:.3g}, p = {:.2g}. Critical difference at 5 % (Nemenyi): "
                 "{:.2f}. {}",
                 ranking.chi2, ranking.chi2_p, ranking.f, ranking.f_p, ranking.critical_difference,
                 ranking.cliques.empty() ? "It tells all rows apart."
                                         : "Rows that share a letter are not told apart.")));
}

int rank_results(const std::vector<std::string>& folders, const RankOptions& options,
                 const Registries& registries) {
  std::vector<Results> all;
  all.reserve(folders.size());
  for (const std::string& folder : folders) {
    all.push_back(load_results_by_seed(folder, registries.metrics));
    warn_without_power(all.back(), folder);
  }
  for (std::size_t i = 0; i < all.size(); ++i) {
    require_column(all[i], folders[i], options.column, registries.metrics);
  }
  const std::vector<std::string> names = common_rows(all, options.column);
  const std::vector<std::vector<double>> blocks =
      blocks_of(all, names, options.column, options.blocks);
  if (names.size() < 2 || blocks.size() < 2) {
    print_left_out(all, names, options.column);
    fmt::print(
        "A ranking needs two rows or more with values for {}, over two {} or more: there are {} "
        "and {}.\n",
        options.column, options.blocks == RankBlocks::kSeeds ? "training seeds" : "results",
        names.size(), blocks.size());
    return 1;
  }
  print_ranking(all, names, options, blocks);
  print_unlike_judges(all, names);
  print_pairs(names, blocks, options.against);
  return 0;
}

}  // namespace

void add_rank_command(CLI::App& program, CommandContext& context) {
  const auto folders = std::make_shared<std::vector<std::string>>();
  const auto options = std::make_shared<RankOptions>();
  CLI::App* rank =
      program.add_subcommand("rank", "rank the methods of one run or several, with tests");
  rank->add_option("RESULTS", *folders, "folders of results")->required();
  rank->add_option("--by", options->column, "column to rank by (default: avg_gap)");
  const std::map<std::string, RankBlocks> blocks = {{"seeds", RankBlocks::kSeeds},
                                                    {"results", RankBlocks::kResults}};
  rank->add_option("--blocks", options->blocks,
                   "what is repeated: seeds, every training seed of every run (the default), or "
                   "results, every run's mean")
      ->transform(CLI::CheckedTransformer(blocks))
      ->option_text("seeds|results");
  rank->add_option("--against", options->against,
                   "hold every row against this one (default: every pair, where rows are few)");
  rank->callback([folders, options, &context] {
    context.status = rank_results(*folders, *options, context.registries);
  });
}

}  // namespace oubli
