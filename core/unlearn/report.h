// What a method says of its run: whether the result is usable, what was asked and what was used,
// and what it cost.
#pragma once

#include <string>
#include <vector>

#include "core/base/settings.h"
#include "core/train/training_report.h"
#include "core/unlearn/method_state.h"

namespace oubli {

enum class UnlearnStatus {
  kCompleted,  // the method did what it promises
  kPartial,    // usable, but a limit ended it early or a step failed: the message says which
  kUnchanged,  // parameters and buffers are the original's, bit for bit: set by run_unlearner
  kDiverged,   // the parameters are not usable: metrics show no number
  kStopped,    // ended from outside or by the budget
  kRefused,    // an assumption of its guarantee fails: metrics show no number, the message says why
};
std::string to_string(UnlearnStatus status);

struct UnlearnReport {
  UnlearnStatus status = UnlearnStatus::kCompleted;
  std::string message;
  // Filled by `run_unlearner`: what a user should know of a result that is there; cost and time.
  std::vector<std::string> warnings = {};
  double sample_gradients = 0;
  double seconds = 0;
  // The method's own figures: solver status, true residual, damping used, steps taken.
  Json details = Json::object();
  // For the next request, where there is one: Task::state of the method's next run. Null for none.
  MethodStatePtr state = {};

  bool usable() const {
    return status != UnlearnStatus::kDiverged && status != UnlearnStatus::kRefused;
  }
  Json to_json() const;
};

// A descent or a training run inside a method as the method's report.
UnlearnReport report_of(const DescentReport& descent);
UnlearnReport report_of(const TrainingReport& training);

}  // namespace oubli
