#include "core/train/training_report.h"

#include <cmath>

namespace oubli {

std::string to_string(TrainingStatus status) {
  switch (status) {
    case TrainingStatus::kCompleted:
      return "completed";
    case TrainingStatus::kConverged:
      return "converged";
    case TrainingStatus::kMaxIterations:
      return "max_iterations";
    case TrainingStatus::kLineSearchFailed:
      return "line_search_failed";
    case TrainingStatus::kNoMinimum:
      return "no_minimum";
    case TrainingStatus::kDiverged:
      return "diverged";
    case TrainingStatus::kStopped:
      return "stopped";
  }
  return "";
}

Json DescentReport::to_json() const {
  return {{"status", to_string(status)}, {"message", message}, {"epochs", epochs}};
}

Json TrainingReport::to_json() const {
  Json json = DescentReport::to_json();
  json.update({{"loss", number_or_null(loss)},
               {"objective", number_or_null(objective)},
               {"gradient_norm", number_or_null(gradient_norm)},
               {"sample_gradients", sample_gradients},
               {"seconds", seconds}});
  return json;
}

}  // namespace oubli
