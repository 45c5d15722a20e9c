#include "experiments/engine/reproduce/reproduction.h"

#include <fmt/format.h>

#include <cmath>
#include <memory>
#include <utility>

namespace oubli {
namespace {

ClaimOutcome outcome_of(const PaperClaim& claim, const Estimate& value) {
  const double half = value.half_width.value_or(0);
  const double low = value.mean - half, high = value.mean + half;
  const bool is_above = !claim.at_least || low > *claim.at_least;
  const bool is_below = !claim.at_most || high < *claim.at_most;
  if (is_above && is_below) return ClaimOutcome::kHolds;
  const bool is_all_out =
      (claim.at_least && high <= *claim.at_least) || (claim.at_most && low >= *claim.at_most);
  return is_all_out ? ClaimOutcome::kRefuted : ClaimOutcome::kUndecided;
}

}  // namespace

std::string to_string(ClaimOutcome outcome) {
  switch (outcome) {
    case ClaimOutcome::kHolds:
      return "holds";
    case ClaimOutcome::kRefuted:
      return "refuted";
    case ClaimOutcome::kUndecided:
      return "undecided";
    case ClaimOutcome::kNoValue:
      return "no value";
  }
  return "";
}

std::optional<double> ReproducedCell::gap() const {
  if (!ours.value) return std::nullopt;
  return ours.value->mean - cell->published;
}

std::optional<double> ReproducedCell::gap_in_intervals() const {
  if (!ours.value || !ours.value->half_width) return std::nullopt;
  const double half = *ours.value->half_width;
  // Where nothing is drawn, values differ by their rounding.
  constexpr double kRounding = 1e-9;
  if (half <= kRounding * std::abs(ours.value->mean)) return std::nullopt;
  return *gap() / half;
}

std::string ReproducedCell::gap_text() const {
  if (const std::optional<double> halves = gap_in_intervals()) {
    return std::abs(*halves) < 100 ? fmt::format("{:+.1f}", *halves)
                                   : fmt::format("{:+.0e}", *halves);
  }
  if (const std::optional<double> plain = gap()) return fmt::format("({:+.3g})", *plain);
  return "-";
}

std::string JudgedClaim::decided_by() const {
  if (!ours.value) return ours.problem;
  if (!ours.value->half_width) return "one value, without an interval";
  return fmt::format("95 % t-interval over {}", ours.over);
}

std::string JudgedClaim::expected() const {
  if (!claim->at_least) return fmt::format("below {:g}", *claim->at_most);
  if (!claim->at_most) return fmt::format("above {:g}", *claim->at_least);
  return fmt::format("between {:g} and {:g}", *claim->at_least, *claim->at_most);
}

bool Reproduction::is_met(std::size_t table, const ReproducedCell& cell) const {
  const std::optional<double> gap = cell.gap();
  if (!gap) return false;
  return std::abs(*gap) <= paper.tables[table].tolerance + cell.ours.value->half_width.value_or(0);
}

std::vector<const JudgedClaim*> Reproduction::broken() const {
  std::vector<const JudgedClaim*> broken;
  for (const JudgedClaim& claim : claims) {
    const bool is_open = claim.outcome == ClaimOutcome::kUndecided && extent == Extent::kQuick;
    if (claim.claim->must && claim.outcome != ClaimOutcome::kHolds && !is_open) {
      broken.push_back(&claim);
    }
  }
  return broken;
}

std::shared_ptr<const Reproduction> reproduce(Paper paper, Extent extent,
                                              const PaperResults& results) {
  const auto made = std::make_shared<Reproduction>();
  made->paper = std::move(paper);
  made->extent = extent;
  made->runs = results.runs();
  made->stages = results.stages();
  made->cached_stages = results.cached_stages();
  made->seconds = results.seconds();
  made->machines = results.machines();
  for (const PublishedTable& table : made->paper.tables) {
    std::vector<ReproducedCell> cells;
    for (const PublishedCell& cell : table.cells) {
      cells.push_back({&cell, results.evaluate(cell.ours, cell.origin)});
    }
    made->tables.push_back(std::move(cells));
  }
  for (const PaperClaim& claim : made->paper.claims) {
    JudgedClaim judged{&claim, results.evaluate(claim.expression, claim.origin)};
    if (judged.ours.value) judged.outcome = outcome_of(claim, *judged.ours.value);
    made->claims.push_back(std::move(judged));
  }
  return made;
}

}  // namespace oubli
