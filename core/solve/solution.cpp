#include "core/solve/solution.h"

#include <cmath>

namespace oubli {
namespace {

Json number_or_null(const std::optional<double>& value) {
  return value ? oubli::number_or_null(*value) : Json();
}

}  // namespace

std::string to_string(SolveStatus status) {
  switch (status) {
    case SolveStatus::kConverged:
      return "converged";
    case SolveStatus::kMaxIterations:
      return "max_iterations";
    case SolveStatus::kNegativeCurvature:
      return "negative_curvature";
    case SolveStatus::kBreakdown:
      return "breakdown";
    case SolveStatus::kNonFinite:
      return "non_finite";
    case SolveStatus::kStopped:
      return "stopped";
  }
  return "";
}

Json SolveReport::to_json() const {
  Json columns = Json::array();
  for (const double residual : column_residuals) columns.push_back(number_or_null(residual));
  return {{"status", to_string(status)},
          {"message", message},
          {"relative_residual", number_or_null(relative_residual)},
          {"column_residuals", std::move(columns)},
          {"iterations", iterations},
          {"products", products},
          {"sample_gradients", sample_gradients},
          {"smallest_ritz", number_or_null(smallest_ritz)},
          {"largest_ritz", number_or_null(largest_ritz)},
          {"error_bound", number_or_null(error_bound)},
          {"error_bound_is_rigorous", error_bound_is_rigorous},
          {"refusal", refusal},
          {"damping", number_or_null(damping)},
          {"damping_note", damping_note},
          {"preconditioner", preconditioner},
          {"matrix_note", matrix_note},
          {"rayleigh_quotient", number_or_null(rayleigh_quotient)}};
}

}  // namespace oubli
