// Evidence: what a page shows of single examples and of courses, beside the columns of the table.
// A run makes it from stored predictions, and writes it beside the results (evidence.json), so that
// pages can be made again without the store.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/base/json.h"
#include "core/evaluate/statistics/estimate.h"
#include "experiments/engine/plan/plan.h"
#include "experiments/engine/run/store.h"

namespace oubli {

// A row's course: means over its models at each place, with 95 % intervals over training seeds
// where there are two or more.
struct Course {
  std::vector<Estimate> values;  // one for each place of its picture
};

// Courses of all rows over the same places.
struct CourseSet {
  std::string name;     // "loss/forget"
  std::string section;  // of the page
  std::string title, x_title, y_title = {};
  bool x_is_log = false, y_is_log = false;
  bool is_filled = false;        // a distribution, whose area means something
  bool has_chance_line = false;  // a rate against a rate: guessing has both the same
  std::vector<double> places = {};
  std::vector<std::pair<std::string, Course>> rows = {};  // in the table's order
};

// An example of the edited set, as models see it.
struct ShownExample {
  std::int64_t row = 0;  // of the data set
  std::string label;
  std::string true_label = {};
  std::string prompt = {};   // of a sequence, what stands before the answer; "" of others
  std::string wanted = {};   // of a fact that is changed, what it becomes
  std::string picture = {};  // PNG in base64; "" where it is none
  std::vector<std::pair<std::string, std::string>> values = {};  // of a table: name, value
  // Confidence in the label (of a regression the loss), by row of the table, over its models.
  std::vector<std::pair<std::string, Estimate>> rows = {};
  // Of a sequence: what models say by themselves where the answer stands, by row of the table; the
  // one that most of them say, and how many of how many.
  std::vector<std::pair<std::string, std::string>> answers = {};
};

struct Evidence {
  std::vector<CourseSet> courses;
  std::vector<ShownExample> examples;
  std::string shown_value;  // what examples' rows hold: "confidence in the label"
  // What other commands wrote beside the results, as they stand: influence-test-N.json, and
  // spectrum-KIND.json. No part of evidence.json.
  std::vector<Json> influences = {}, spectra = {};

  Json to_json() const;
  // Error(kData) for what `to_json` did not write; `where` names the file.
  static Evidence from_json(const Json& json, const std::string& where);
};

// Of the models that the store has; rows that failed are left out. Cost: one reading of every
// model's predictions.
Evidence collect_evidence(const Experiment& experiment, const std::vector<PlannedRow>& rows,
                          const Plan& plan, const Store& store);

}  // namespace oubli
