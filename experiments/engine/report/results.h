// Results: the values of every model of a finished run, and each row's cells with their
// uncertainty.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/base/json.h"
#include "core/evaluate/metric.h"
#include "core/evaluate/statistics/estimate.h"
#include "experiments/engine/plan/rows.h"

namespace oubli {

// One model of a row: an edited model, an original, or an oracle against the other oracles.
struct ModelResult {
  std::int64_t training_seed = 0;
  std::int64_t unlearning_seed = 0;
  std::string status;  // of the method's report, or "failed"
  std::string message;
  std::map<std::string, double> values;  // by column
  Json report;
  std::set<std::string> at_least = {};  // columns whose value is a lower limit
};

struct RowResult {
  std::string name;
  std::vector<ModelResult> models;
  // Columns of all models together, with the interval of a jackknife over training seeds.
  std::map<std::string, Estimate> pooled = {};
  std::string noise_floor = kNoiseFloor;  // the row of the oracles that it is held against
  // Whether a sweep chose the row's settings by these very oracles.
  bool is_chosen_by_judges = false;
  bool is_of_one_original = false;  // a given one: intervals are then over the runs on it

  bool is_original() const { return is_original_row(name); }
  bool is_noise_floor() const { return is_noise_floor_row(name); }

  // "diverged", "refused" or "failed" where any model has no numbers: the row then shows none,
  // because a mean over those that survived would flatter the method. "" otherwise.
  std::string failure_text() const;
  // The values of each training seed: one for each run on that original. Empty where the column is
  // not defined for the row, or a value is so large (1e150) that its square is no number.
  std::map<std::int64_t, std::vector<double>> values_by_seed(const std::string& column) const;
  // Their means, in the order of the seeds.
  std::vector<double> seed_means(const std::string& column) const;
  // Whether a model's value is a lower limit.
  bool at_least(const std::string& column) const;
  // Mean and 95 % interval over training seeds; runs on one original are averaged first, unless it
  // is the only one. Absent where the column is not defined for the row.
  std::optional<Estimate> cell(const std::string& column) const;
};

struct Results {
  std::string title;
  std::vector<std::string> columns;  // in the metrics' order
  std::vector<RowResult> rows;
  Json sets;  // how many examples each set holds
  Json resolved;
  // The kinds of machine that the stages were made on (environment.h), each with "stages", how
  // many.
  Json machines = Json::array();
  std::vector<std::string> notes = {};  // of what the edit asked for and left out
  // "LABEL: REASON" for each stage of the run that failed or could not start; of results that were
  // read from a file none.
  std::vector<std::string> failed_stages = {};
  std::size_t cached_stages = 0;  // that were in the store when the run began; not written
  // Of those that did not fail because another one did; not written.
  std::vector<std::string> failed_keys = {};
  std::map<std::string, ColumnInfo> infos;  // by column; what no metric describes is left out
  // Of a sequence of edits: after how many requests, and the results at every checkpoint, this one
  // included; not written with it.
  std::int64_t after_requests = 0;
  std::vector<Results> checkpoints = {};

  // The own values of the oracles that a row is held against, one for each; those of a distance to
  // the oracles are scaled to scatter as independent ones would (leave_one_out), of which there
  // must be three. Empty where there are too few, or one is not defined or only a lower limit.
  std::vector<double> oracle_values(const RowResult& row, const std::string& column) const;
  // The row of these oracles; a noise floor's is itself. Null where there is none.
  const RowResult* floor_of(const RowResult& row) const { return find(row.noise_floor); }
  // A difference of a column that matters to nobody.
  double resolution(const std::string& column) const;
  // Whether there is one original, which was given: rows then speak of models and not of methods.
  bool is_of_one_given_original() const;
  // Whether it asks which training examples count (plan/attribution.h), and makes no edit.
  bool is_attribution() const;
  // Whether any row of a method has a value.
  bool has_numbers() const;
  // Null where there is no row of that name.
  const RowResult* find(const std::string& row) const;
  // Null for a column that no metric describes.
  const ColumnInfo* info(const std::string& column) const;
  // Examples of a set; throws Error(kData) where the results name none.
  double set_size(const std::string& set) const;
  // Looks every column up among the metrics.
  void describe_columns(const Registry<Metric>& metrics);
  Json to_json() const;
  // Reads what `to_json` wrote. `where` names the file in messages: Error(kData).
  static Results from_json(const Json& stored_json, const std::string& where);
};

// Reads the results.json of a folder of results, or the file itself, and looks its columns up.
// Throws Error(kUsage) where there is none and Error(kData) where it is none.
Results load_results(const std::string& folder, const Registry<Metric>& metrics);
// The same for what goes by values of single training seeds; Error(kUsage) for an attribution,
// whose values are of all originals together.
Results load_results_by_seed(const std::string& folder, const Registry<Metric>& metrics);

}  // namespace oubli
