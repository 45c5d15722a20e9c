#include "methods/solve_outcome.h"

#include <fmt/format.h>

namespace oubli {

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
