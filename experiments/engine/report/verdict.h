// Verdicts: whether a row's models can be told from retrained ones, from the results of a run.
//
// Each decisive column is held against the oracles' own values (core/evaluate/statistics/
// equivalence.h), the noise floor giving the margin:
//
//   indistinguishable  every decisive column is shown to be equivalent. All of them must be, so no
//                      correction is needed (an intersection-union test: Berger 1982).
//                      A column in which nothing scatters is exact where training is, and then no
//                      column scatters; where others do, or all are accuracies of 0 or 1, it is
//                      saturated, and of few seeds (fewer than 5 originals or 8 oracles) shows
//                      nothing
//   distinguishable    some column differs after Holm's correction over the decisive columns, and
//                      is not equivalent: under-forgets or over-forgets where the edited set fits
//                      better or worse than with the oracles, hurts where a set that should be left
//                      alone fits worse, differs where a difference has no such direction
//   undecided          neither: about how many more seeds would decide, or which decisive column
//                      has no value for the row or the oracles, or only a lower limit of it
//   failed             a model of the row diverged or failed
//
// Of one given original there is no verdict on a method: place_verdict.h says where its models lie.
//
// A difference that is merely not significant gives no verdict. Where a sweep chose a row's
// settings by the very oracles that judge it, as happens with fewer than six, the text says so:
// choosing the nearest of many trials makes a row look nearer than it is.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/evaluate/statistics/equivalence.h"
#include "core/evaluate/statistics/prediction.h"
#include "experiments/engine/report/results.h"

namespace oubli {

struct ColumnVerdict {
  std::string column;
  Equivalence comparison;
  double p_adjusted = 1;  // Holm, over the decisive columns of the row
  bool equivalent = false;
  bool different = false;
  std::string direction;  // where different: "under-forgets", "over-forgets", "hurts", "differs"
  std::optional<Place> place = {};  // of one given original
};

struct RowVerdict {
  enum class Kind {
    kIndistinguishable,
    kDistinguishable,
    kUndecided,
    kFailed,
    kAmong,  // the oracles, as a single model
    kApart
  };
  Kind kind = Kind::kUndecided;
  std::string text;  // "distinguishable (under-forgets)"
  std::vector<ColumnVerdict> columns;
};
std::string to_string(RowVerdict::Kind kind);

// Columns that a verdict rests on (verdict_settings.h): those of `results` that are measured.
std::vector<std::string> decisive_columns(const Results& results);

// `privacy_only`: on the edited set's columns alone, as the power check needs.
RowVerdict judge(const Results& results, const RowResult& row, bool privacy_only = false);

}  // namespace oubli
