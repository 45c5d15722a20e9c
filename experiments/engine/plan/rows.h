// The rows of the table that an experiment file asks for: each is a method with its settings.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/base/settings.h"
#include "core/unlearn/unlearner.h"
#include "experiments/engine/plan/sweep.h"
#include "experiments/engine/registries.h"

namespace oubli {

// The table's row of the oracles, each against the others; and that of the oracles which judge rows
// whose settings the other oracles chose.
inline const char* const kOriginalRow = "original";
inline const char* const kNoiseFloor = "noise floor";
inline const char* const kSweptNoiseFloor = "noise floor of swept rows";
// Rows of these kinds, which have their variant's name behind (variants.h).
bool is_original_row(const std::string& name);
bool is_noise_floor_row(const std::string& name);
bool is_swept_noise_floor_row(const std::string& name);

// One row of the table: a method with its settings.
struct MethodRow {
  std::string name;    // `as`, or the method's name
  std::string method;  // of the registry
  MethodInfo info;
  std::shared_ptr<const Unlearner> unlearner;
  Json settings;
  Origin origin;
  // Where settings are to be chosen: `unlearner` is then the first trial's.
  std::shared_ptr<const Sweep> sweep;
  std::size_t variant = 0;  // of the experiment (variants.h)
  // The first of the method and its parts that does not take such examples; "" where all do.
  std::string takes_no_labels = {}, takes_no_sequences = {};
};

// The setting that every method has beside its own: `as`, which lets one stand twice.
std::string read_row_name(const Settings& method, const std::string& default_value);

// Reads `methods`, a list of names and of `name: {settings}`. `is_adding`: the edit adds points,
// which not every method can. Error(kSettings) where two rows have one name.
std::vector<MethodRow> read_methods(const Settings& root, const Registries& registries,
                                    bool is_adding);

}  // namespace oubli
