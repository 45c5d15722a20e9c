// Runs what a paper asks for, and answers for its values.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "experiments/engine/registries.h"
#include "experiments/engine/report/results.h"
#include "experiments/engine/report/run_experiment.h"
#include "experiments/engine/reproduce/paper.h"
#include "experiments/engine/reproduce/references.h"

namespace oubli {

// What an expression comes to: over rounds or, where there is one, over training seeds.
struct Reproduced {
  std::optional<Estimate> value;
  std::string problem;  // why there is none
  std::string over;     // "20 rounds", "8 originals"
};

class PaperResults {
 public:
  // Runs everything. `started` is told of each run before it begins. Error as of loading, and
  // Interrupted.
  PaperResults(const Paper& paper, const Store& store, const Registries& registries,
               const RunSettings& settings,
               const std::function<void(const std::string& run)>& started);

  // Error(kSettings) at the origin for a run, a value, a row or a column that there is not.
  Reproduced evaluate(const Expression& expression, const Origin& origin) const;

  std::size_t runs() const { return runs_done_; }
  double seconds() const { return seconds_; }
  std::size_t stages() const { return stages_; }
  std::size_t cached_stages() const { return cached_; }  // that were there before
  std::size_t failed_stages() const { return failed_; }
  // Of the kinds of machine that stages were made on.
  const Json& machines() const { return machines_; }

 private:
  // A run with its values: one results for each round.
  struct Point {
    std::map<std::string, std::string> values;
    std::vector<Results> rounds;
  };
  struct Values {
    std::vector<double> each;
    std::optional<Estimate> whole;  // of a bare reference
    std::string problem;
    bool are_rounds = false, is_lower_limit = false;
    bool is_of_effects = false;  // of an attribution: its interval is over more than originals
  };
  const Point& point_of(const Reference& reference, const Origin& origin) const;
  Values values_of(const Reference& reference, const Origin& origin) const;

  std::map<std::string, std::vector<Point>> points_;
  std::size_t runs_done_ = 0, stages_ = 0, cached_ = 0, failed_ = 0;
  double seconds_ = 0;
  Json machines_ = Json::array();
};

}  // namespace oubli
