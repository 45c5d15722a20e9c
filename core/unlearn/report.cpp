#include "core/unlearn/report.h"

namespace oubli {

std::string to_string(UnlearnStatus status) {
  switch (status) {
    case UnlearnStatus::kCompleted:
      return "completed";
    case UnlearnStatus::kPartial:
      return "partial";
    case UnlearnStatus::kUnchanged:
      return "unchanged";
    case UnlearnStatus::kDiverged:
      return "diverged";
    case UnlearnStatus::kRefused:
      return "refused";
    case UnlearnStatus::kStopped:
      return "stopped";
  }
  return "";
}

Json UnlearnReport::to_json() const {
  Json json = {{"status", to_string(status)},
               {"message", message},
               {"sample_gradients", sample_gradients},
               {"seconds", seconds},
               {"details", details}};
  if (!warnings.empty()) json["warnings"] = warnings;
  return json;
}

UnlearnReport report_of(const DescentReport& descent) {
  UnlearnReport report;
  report.message = descent.message;
  report.details["epochs"] = descent.epochs;
  switch (descent.status) {
    case TrainingStatus::kCompleted:
    case TrainingStatus::kConverged:
      report.status = UnlearnStatus::kCompleted;
      break;
    case TrainingStatus::kMaxIterations:
    case TrainingStatus::kLineSearchFailed:
    case TrainingStatus::kNoMinimum:
      report.status = UnlearnStatus::kPartial;
      break;
    case TrainingStatus::kDiverged:
      report.status = UnlearnStatus::kDiverged;
      break;
    case TrainingStatus::kStopped:
      report.status = UnlearnStatus::kStopped;
      break;
  }
  return report;
}

UnlearnReport report_of(const TrainingReport& training) {
  UnlearnReport report = report_of(static_cast<const DescentReport&>(training));
  report.details = {{"training", training.to_json()}};
  return report;
}

}  // namespace oubli
