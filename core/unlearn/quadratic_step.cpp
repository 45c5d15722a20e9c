#include "core/unlearn/quadratic_step.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "core/base/precision.h"
#include "core/solve/damping.h"

namespace oubli {
namespace {

constexpr double kRoundings = 16;  // of F's terms, that a difference must exceed to be one

// "rises by 2 where a fall of 0.5 was predicted (reduction ratio -4)"
std::string change(double decrease, double predicted, std::optional<double> ratio) {
  return fmt::format("{} by {:.3g} where a {} of {:.3g} was predicted{}",
                     decrease < 0 ? "rises" : "falls", std::abs(decrease),
                     predicted < 0 ? "rise" : "fall", std::abs(predicted),
                     ratio ? fmt::format(" (reduction ratio {:.3g})", *ratio) : "");
}

}  // namespace

StepOutcome take_step(Model& model, const Solution& solution, const Tensor& b, double scale,
                      const StepStart& start, const std::function<double()>& objective) {
  StepOutcome outcome;
  if (!solution.report.refusal.empty()) {
    outcome.message = fmt::format("not taken: {}", solution.report.refusal);
    return outcome;
  }
  const Tensor step = scale * solution.x;
  const Tensor c_times_step =
      scale * (b - solution.residual).sub(solution.x, solution.report.damping);
  const double predicted = predicted_decrease(start.descent, step, c_times_step);
  const double size =
      std::max(std::abs(predicted), std::abs(step.dot(c_times_step).item<double>()) / 2);
  const Tensor before = model.theta().clone();
  model.add_to_theta(solution.x, scale);
  const double decrease = start.objective - objective();
  const double rounding = kRoundings * epsilon_of(model.dtype()) * (1 + std::abs(start.objective));
  outcome.rises = predicted > 0 && !(decrease >= -rounding);
  outcome.is_taken = decrease >= predicted - 2 * size - rounding;
  if (predicted > rounding && std::isfinite(decrease)) {
    outcome.ratio = reduction_ratio(decrease, predicted);
  }
  outcome.message = std::isfinite(decrease)
                        ? "the objective " + change(decrease, predicted, outcome.ratio)
                        : "the objective would not be finite";
  if (!outcome.is_taken) {
    model.set_theta(before);
    outcome.message = fmt::format(
        "not taken: {}; raise the damping, or use a curvature that is nearer to the objective's",
        outcome.message);
  }
  return outcome;
}

bool note_step(const SolveReport& solve, const StepOutcome& outcome, const std::string& where,
               UnlearnReport& report) {
  const bool has_converged = solve.status == SolveStatus::kConverged;
  const bool is_stopped = solve.status == SolveStatus::kStopped;
  std::vector<std::string> parts;
  // What went wrong is said of each step; what went right, of the last.
  if (report.status != UnlearnStatus::kCompleted) parts.push_back(report.message);
  if (!has_converged && solve.refusal.empty()) {
    parts.push_back(fmt::format("{}: {}: {}", where, to_string(solve.status), solve.message));
  }
  parts.push_back(fmt::format("{}: {}", where, outcome.message));
  const auto is_said = [&](const std::string& warning) { return warning == solve.matrix_note; };
  if (!solve.matrix_note.empty() &&
      std::none_of(report.warnings.begin(), report.warnings.end(), is_said)) {
    report.warnings.push_back(solve.matrix_note);
  }
  report.message = fmt::format("{}", fmt::join(parts, "; "));
  if (!has_converged || !outcome.is_taken || outcome.rises) report.status = UnlearnStatus::kPartial;
  if (is_stopped) report.status = UnlearnStatus::kStopped;
  return outcome.is_taken && !is_stopped;
}

}  // namespace oubli
