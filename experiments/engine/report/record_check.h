// Whether what the record of an edit says is so: whether its files are what they were, and its
// rows, ids and method those that its settings and the data give. Of when it was, what it cost and
// how well the model does the record alone speaks.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "experiments/engine/plan/experiment.h"

namespace oubli {

struct RecordCheck {
  enum class State { kSame, kChanged, kUnread };
  std::string what;
  State state = State::kSame;
  std::string problem;  // where it is not the same
};

// The experiment of a settings file, with its data; throws Error where they cannot be read.
using LoadExperiment = std::function<Experiment(const std::filesystem::path& settings)>;

// One for each file that a record names, for the data, for what the settings and the data give, and
// for record.md, which says what record.json does. Requests that came after the record are no
// matter of it. Throws Error(kData) for what is no record.
std::vector<RecordCheck> check_record(const std::filesystem::path& record,
                                      const LoadExperiment& load);

}  // namespace oubli
