// A paper's experiment, as its folder has it: PAPERS/KEY/paper.yaml beside the experiment files.
//
//   title: Approximate data deletion from machine learning models
//   citation: Izzo, Smart, Chaudhuri and Zou 2021, arXiv 2002.10077
//   shows: ...                                  one line, for the list of all papers
//   minutes: {quick: 1, normal: 4, full: 60}
//   runs:
//     right:
//       file: right.yaml
//       over:                                   a run for each combination of values
//         k: {settings: [edit.remove.where.before, data.outliers.rows = $k + 1], values: [1, 5]}
//       rounds: {settings: [data.seed], count: 20}    repeats, of which each is one value
//       quick: {rounds: 4, set: {seeds.oracle: 2}}    what `--quick` changes, `full` likewise
//   tables:
//     - title: Table 4
//       source: Table 4                         where the published numbers were read
//       confidence: confirmed                   or figure (read off a plot), derived, recalled
//       tolerance: 0.05
//       ours: "{right(k=$k)/influence/distance}"
//       cells:
//         - {k: 1, published: 0.73}             $k in `ours`
//   claims:
//     - claim: the influence step takes one minus the leverage of the way
//       expression: "{right(k=$k)/influence/distance} - {right(k=$k)/original/distance}"
//       each: [{k: 1}, {k: 5}]                  the claim with each of these
//       below: 0                                or above, or between: [A, B]
//       must: true
//
// {RUN(VALUES)/ROW/COLUMN} is a value of a run (references.h). Numbers that were not read in the
// source, but remembered, are `recalled`: they are shown as such, and no claim rests on them.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/base/settings.h"
#include "experiments/engine/reproduce/references.h"

namespace oubli {

enum class Extent { kQuick, kNormal, kFull };
std::string to_string(Extent extent);

// Settings that take the same values together.
struct Variation {
  std::string name;
  std::vector<std::string> settings;
  std::vector<std::string> values;  // as YAML has them
};

struct PaperRun {
  std::string name;
  std::filesystem::path file;
  std::vector<Variation> over;
  std::vector<std::string> round_settings;
  std::int64_t rounds = 1;
  std::vector<std::string> overrides;  // as `--set` takes them
  Origin origin;
};

// By how much a published number was held up to its source.
enum class Confidence { kConfirmed, kFigure, kDerived, kRecalled };
std::string to_string(Confidence confidence);

struct PublishedCell {
  std::string label;
  double published = 0;
  Expression ours;
  Origin origin;
};

struct PublishedTable {
  std::string title, source;
  Confidence confidence = Confidence::kConfirmed;
  double tolerance = 0;
  std::vector<PublishedCell> cells;
};

struct PaperClaim {
  std::string text, source;
  Expression expression;
  std::optional<double> at_least, at_most;  // where the expression's mean has to lie
  bool must = false;
  Origin origin;
};

struct Paper {
  std::string key, title, citation, shows;
  std::filesystem::path folder;
  std::map<Extent, double> minutes;
  std::vector<PaperRun> runs;
  std::vector<PublishedTable> tables;
  std::vector<PaperClaim> claims;
};

// The text with VALUE wherever $NAME stands.
std::string with_value(const std::string& text, const std::string& name, const std::string& value);

// Of the extent asked for. Error(kSettings), located, for what the file does not say well.
Paper read_paper(const std::filesystem::path& folder, Extent extent);

}  // namespace oubli
