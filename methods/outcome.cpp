#include "methods/outcome.h"

#include <fmt/format.h>

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

bool note_solve(const SolveReport& solve, const std::string& where, UnlearnReport& report) {
  if (solve.status == SolveStatus::kConverged) return true;
  report.message = fmt::format("{}: {}: {}", where, to_string(solve.status), solve.message);
  switch (solve.status) {
    case SolveStatus::kStopped:
      report.status = UnlearnStatus::kStopped;
      return false;
    case SolveStatus::kNonFinite:
      report.status = UnlearnStatus::kDiverged;
      return false;
    default:
      report.status = UnlearnStatus::kPartial;
      return true;
  }
}

}  // namespace oubli
