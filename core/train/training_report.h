// How a descent ended, and what training says of it besides.
#pragma once

#include <string>

#include "core/base/settings.h"

namespace oubli {

enum class TrainingStatus {
  kCompleted,         // all epochs
  kConverged,         // the gradient's norm is below the tolerance
  kMaxIterations,     // it is not, and no iterations are left
  kLineSearchFailed,  // it is not, and no step lowers the objective any more
  kNoMinimum,         // the objective has none: where iterations ended says nothing
  kDiverged,          // not usable: parameters or objective are not finite
  kStopped,           // ended from outside or by the budget
};
std::string to_string(TrainingStatus status);

struct DescentReport {
  TrainingStatus status = TrainingStatus::kCompleted;
  std::string message;
  double epochs = 0;  // that were gone through to their end

  bool usable() const { return status != TrainingStatus::kDiverged; }
  Json to_json() const;
};

struct TrainingReport : DescentReport {
  double loss = 0;  // mean loss over the set at the end, without the regulariser
  double objective = 0;
  double gradient_norm = 0;  // of the objective over the set at the end
  double sample_gradients = 0;
  double seconds = 0;

  Json to_json() const;
};

}  // namespace oubli
