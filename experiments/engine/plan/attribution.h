// An experiment that asks which training examples count, in the place of an edit:
//
//   attribution:
//     subsets: {count: 50, fraction: 0.5, retrainings: 5}     what effects are held to: models
//                                                             trained on random subsets, and
//     leave_one_out: {random: 50, largest: 50, of: exact}     training again without one example
//     methods:
//       - influence_function: {curvature: hessian, damping: 0.1, as: exact}
//       - influence_function: {sweep: {over: {damping: [1, 0.1, 0.01]}}, as: tuned}
//       - gradient_dot
//     tests: [8]                              positions in the test set; all of it by default
//
// Each method gives effects for each original (seeds.training). A
// `sweep` chooses its settings by lds/1 of one half of the tests for the other half, and the other
// way round, so that no test is judged by what it chose. The subsets and their models are the same
// for both: what all tests have in common in them is not seen. lds_optimism says what choosing on
// the judged tests themselves would have added.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/attribution/attributor.h"
#include "core/base/settings.h"

namespace oubli {

// The row of what nobody can pass: how well retrained models tell of one another.
inline const char* const kCeilingRow = "ceiling";

struct AttributionTrial {
  Json changed;   // what the sweep sets
  Json settings;  // all, resolved
  std::shared_ptr<const Attributor> attributor;
};

struct AttributionRow {
  std::string name;  // `as`, or the attributor's name
  std::string attributor;
  AttributorInfo info;
  std::vector<AttributionTrial> trials;  // one, or those of a sweep
  Origin origin;

  bool is_swept() const { return trials.size() > 1; }
};

struct SubsetTruth {
  std::int64_t count = 50;
  double fraction = 0.5;
  std::int64_t retrainings = 1;  // models of each subset
};

struct LeaveOneOutTruth {
  std::int64_t random = 0, largest = 0;
  std::optional<std::size_t> of = {};  // row whose effects are the largest
};

struct AttributionSpec {
  std::optional<SubsetTruth> subsets;
  std::optional<LeaveOneOutTruth> left_out;
  std::vector<AttributionRow> rows;
  std::vector<std::int64_t> tests;  // positions in the test set; empty: all
  Origin origin, tests_origin;

  bool has_sweep() const {
    return std::any_of(rows.begin(), rows.end(),
                       [](const AttributionRow& row) { return row.is_swept(); });
  }
};

// Reads `attribution` of a file. Error(kSettings).
AttributionSpec read_attribution(const Settings& root, const Registry<AttributorInfo>& attributors);

}  // namespace oubli
