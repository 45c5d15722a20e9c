#include "experiments/engine/commands/ranked_pairs.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/base/error.h"
#include "core/evaluate/statistics/holm.h"
#include "core/evaluate/statistics/t_tests.h"
#include "core/evaluate/statistics/wilcoxon.h"
#include "experiments/engine/commands/paragraph.h"
#include "experiments/engine/report/cell_text.h"

namespace oubli {
namespace {

constexpr std::size_t kMostPairs = 100;  // what one reads through

struct RankedPair {
  std::size_t a, b;
  TTest test;
  WilcoxonTest signed_rank;
};

using RowPairs = std::vector<std::pair<std::size_t, std::size_t>>;

RowPairs pairs_of(const std::vector<std::string>& names, const std::string& against) {
  RowPairs pairs;
  if (against.empty()) {
    for (std::size_t a = 0; a < names.size(); ++a) {
      for (std::size_t b = a + 1; b < names.size(); ++b) pairs.emplace_back(a, b);
    }
    return pairs;
  }
  const auto found = std::find(names.begin(), names.end(), against);
  if (found == names.end()) {
    throw Error(ErrorKind::kSettings,
                "--against: " + unknown_name_message("ranked row", against, names));
  }
  const auto held = static_cast<std::size_t>(found - names.begin());
  for (std::size_t a = 0; a < names.size(); ++a) {
    if (a != held) pairs.emplace_back(a, held);
  }
  return pairs;
}

std::vector<double> values_of(const std::vector<std::vector<double>>& blocks, std::size_t row) {
  std::vector<double> values;
  values.reserve(blocks.size());
  for (const std::vector<double>& block : blocks) values.push_back(block[row]);
  return values;
}

}  // namespace

void print_pairs(const std::vector<std::string>& names,
                 const std::vector<std::vector<double>>& blocks, const std::string& against) {
  const RowPairs which = pairs_of(names, against);
  if (against.empty() && which.size() > kMostPairs) {
    fmt::print("\n{}", paragraph(fmt::format("{} pairs are not shown: `--against ROW` holds every "
                                             "row against one, with paired tests.",
                                             which.size())));
    return;
  }
  std::vector<RankedPair> pairs;
  std::vector<double> p_values;
  std::size_t width = 4;
  for (const auto& [a, b] : which) {
    const std::vector<double> x = values_of(blocks, a), y = values_of(blocks, b);
    pairs.push_back({a, b, paired_t_test(x, y), wilcoxon_signed_rank(x, y)});
    p_values.push_back(pairs.back().test.p);
    width = std::max(width, names[a].size() + names[b].size() + 3);
  }
  const std::vector<double> adjusted = holm_adjusted(p_values);
  fmt::print("\n{:<{}}  {:>22}  {:>9}  {:>9}\n", "pair", width, "difference (95 %)", "p (Holm)",
             "Wilcoxon");
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    const RankedPair& pair = pairs[i];
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

}  // namespace oubli
