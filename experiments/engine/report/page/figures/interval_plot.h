// Dots with their intervals, a row each on one axis: what the columns of a table look like.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/base/json.h"
#include "core/evaluate/statistics/estimate.h"

namespace oubli {

struct IntervalRow {
  std::string name;
  std::string kind;  // original, oracle, equivalent, different, open
  std::optional<Estimate> value;
  std::vector<double> seeds = {};
  struct Band {
    double mean = 0, margin = 0;
    const char* word = "margin";  // what the second one is
  };
  std::optional<Band> band = {};  // of the oracles that the row is held against
  std::string note = {};          // in place of a value: "diverged 1/2"
};

// `may_be_log`: a logarithmic axis is chosen where the values span decades.
Json interval_plot(const std::vector<IntervalRow>& rows, const std::string& title,
                   bool may_be_log = true);

// Scales "colour", "shape" and "fill" of a row's kind, for the marks of any plot of rows.
std::vector<Json> kind_scales();

// "original 2.75 ± 0.22; retrain 0.004 ± 0.001; ...": the rows in words, the first few of many.
std::string rows_in_words(const std::vector<IntervalRow>& rows);

}  // namespace oubli
