#include "methods/training_outcome.h"

namespace oubli {

UnlearnReport report_of(const TrainingReport& training) {
  UnlearnReport report;
  report.message = training.message;
  report.details["training"] = training.to_json();
  switch (training.status) {
    case TrainingStatus::kCompleted:
    case TrainingStatus::kConverged:
      report.status = UnlearnStatus::kCompleted;
      break;
    case TrainingStatus::kMaxIterations:
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

}  // namespace oubli
