// What became of a paper's numbers and claims here.
//
// A claim holds where all of the 95 % interval of its expression lies where it should, is refuted
// where none of it does, and is undecided between. An expression of one value without an interval
// is held against the bounds as it is: so it is where nothing is drawn, as in closed forms.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "experiments/engine/reproduce/paper_results.h"

namespace oubli {

struct ReproducedCell {
  const PublishedCell* cell;
  Reproduced ours;

  // Ours less the paper's; and that in half widths of our interval, where there is one.
  std::optional<double> gap() const;
  std::optional<double> gap_in_intervals() const;
  std::string gap_text() const;  // "+0.8", "-1e+03" half widths; "(+0.01)" where there are none
};
// What it says, for readers of a table.
constexpr const char* kGapMeaning =
    "Gap: ours less the published number, in half widths of our 95 % interval; in brackets where "
    "there is none. Met: within the interval and the table's tolerance.";

enum class ClaimOutcome { kHolds, kRefuted, kUndecided, kNoValue };
std::string to_string(ClaimOutcome outcome);

struct JudgedClaim {
  const PaperClaim* claim;
  Reproduced ours;
  ClaimOutcome outcome = ClaimOutcome::kNoValue;

  std::string decided_by() const;  // "95 % t-interval over 8 originals"
  std::string expected() const;    // "above 0.99"
};

struct Reproduction {
  Paper paper;
  Extent extent = Extent::kNormal;
  std::vector<std::vector<ReproducedCell>> tables;  // as the paper's
  std::vector<JudgedClaim> claims;
  std::size_t runs = 0, stages = 0, cached_stages = 0;
  double seconds = 0;
  Json machines;

  // Whether the cell's number lies within the interval of ours and the tolerance.
  bool is_met(std::size_t table, const ReproducedCell& cell) const;
  // Claims that must hold and do not; of a quick run those that are refuted or have no value.
  std::vector<const JudgedClaim*> broken() const;
};

// The cells and claims point into the reproduction's own paper.
std::shared_ptr<const Reproduction> reproduce(Paper paper, Extent extent,
                                              const PaperResults& results);

// For people, for spreadsheets, for papers and for programs.
std::string reproduction_console(const Reproduction& reproduction, std::size_t width);
std::string reproduction_markdown(const Reproduction& reproduction);
std::string reproduction_csv(const Reproduction& reproduction);
std::string reproduction_latex(const Reproduction& reproduction);
Json reproduction_json(const Reproduction& reproduction);

}  // namespace oubli
