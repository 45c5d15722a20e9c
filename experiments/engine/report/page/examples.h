// Examples of the edited set that are worth a look: those on which the original differs most from
// the oracles, which are the ones that there was something to forget of.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/evaluate/predictions.h"
#include "experiments/engine/plan/experiment.h"
#include "experiments/engine/report/page/evidence.h"

namespace oubli {

class ExampleCollector {
 public:
  explicit ExampleCollector(const Experiment& experiment);

  // Reads what a model of a row says of the edited set's examples.
  void look_at(const std::string& row, std::int64_t training_seed, const Predictions& predictions);
  std::string shown_value() const;
  std::vector<ShownExample> finished() &&;

 private:
  Tensor value_of(const std::string& row) const;  // mean over models [n]; undefined for none
  ShownExample example(std::int64_t position) const;
  void tell_sequence(std::int64_t position, ShownExample& shown) const;

  std::shared_ptr<const Dataset> dataset_;
  Tensor rows_;   // of the edited set, the first few thousand
  Tensor added_;  // what is added beside what is forgotten; may be empty
  struct Seen {
    std::string row;
    std::map<std::int64_t, std::vector<Tensor>> by_seed;  // float64 [n]
    std::vector<Tensor> answers = {};  // of sequences, of each model: int64 [n, tokens]
  };
  std::vector<Seen> seen_;
};

// The name of a class where the data has names, else its number.
std::string class_text(const Dataset& data, std::int64_t label);
// What `targets` of the data say of a row: a class, or of a regression its first number.
std::string target_text(const Dataset& data, const Tensor& targets, std::int64_t row);

// A row's image of one or three channels as a PNG in base64, its values stretched from their least
// to their greatest where they are no pixels, or all dark; "" for what is no image.
std::string picture_of(const Dataset& data, std::int64_t row);

}  // namespace oubli
