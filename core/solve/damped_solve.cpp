#include "core/solve/damped_solve.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>

#include "core/solve/counted_operator.h"

namespace oubli {
namespace {

constexpr int kMaxRaises = 12;
constexpr double kRaise = 10;
constexpr double kMargin = 1.1;

const std::vector<std::pair<std::string, NegativeCurvaturePolicy>> kPolicies = {
    {"raise_damping", NegativeCurvaturePolicy::kRaiseDamping},
    {"fail", NegativeCurvaturePolicy::kFail},
    {"switch_to_ggn", NegativeCurvaturePolicy::kSwitchToGgn},
    {"truncate", NegativeCurvaturePolicy::kTruncate},
    {"solve", NegativeCurvaturePolicy::kSolve}};

struct Damping {
  double value = 0;
  std::string note;
};

Damping first_damping(const DampedProblem& problem, const DampedSolveOptions& options,
                      const CountedOperator& matrix) {
  if (options.damping) return {*options.damping, "as asked"};
  if (problem.generator == nullptr) {
    throw Error(ErrorKind::kUsage, "damping: auto draws random numbers: hand it a generator");
  }
  Generator generator = problem.generator->stream("damping");
  const DampingChoice choice = choose_damping(matrix, problem.l2, generator,
                                              options.condition_target, options.damping_steps);
  return {choice.value, choice.why};
}

Solution solve_once(const DampedProblem& problem, const LinearOperator& matrix, double damping,
                    const Solver& solver) {
  const DampedOperator damped(matrix, damping);
  const OperatorPtr preconditioner =
      problem.preconditioner ? problem.preconditioner(damping) : nullptr;
  return solver.solve({damped, problem.b, preconditioner.get(), problem.generator, problem.stop});
}

// At most 0.
double lowest_quotient(const SolveReport& report) {
  return std::min({0.0, report.rayleigh_quotient.value_or(0), report.smallest_ritz.value_or(0)});
}

double raised(double damping, const SolveReport& report, double largest, double kappa) {
  const double next = std::max(kRaise * damping, kMargin * (damping - lowest_quotient(report)));
  return next > 0 ? next : std::max(largest / kappa, std::numeric_limits<double>::min());
}

// The lowest quotient v'Av / v'v that the solver saw, where it is below 0 by more than rounding, of
// products and of a decomposition: the matrix is then indefinite, whether or not the solver minded.
std::optional<double> negative_quotient(const SolveReport& report, const CountedOperator& matrix) {
  const double size = std::max(
      {matrix.largest_gain(), report.largest_ritz.value_or(0), -report.smallest_ritz.value_or(0)});
  const double rounding = matrix.eigenvalue_rounding(matrix.dim()) * size;
  std::optional<double> lowest;
  for (const std::optional<double>& seen : {report.rayleigh_quotient, report.smallest_ritz}) {
    if (seen && *seen < -rounding) lowest = std::min(*seen, lowest.value_or(*seen));
  }
  return lowest;
}

bool met_negative_curvature(const SolveReport& report, const CountedOperator& matrix) {
  if (report.answers_negative_curvature) return false;
  return report.status == SolveStatus::kNegativeCurvature || negative_quotient(report, matrix);
}

// The iterate that the solver stopped at, or a gradient step: where the first direction was already
// one of negative curvature, x is 0, and the solution of an indefinite system need not descend.
void truncate(const DampedProblem& problem, const CountedOperator& matrix, double damping,
              Solution& solution) {
  SolveReport& report = solution.report;
  const bool stopped_there = report.status == SolveStatus::kNegativeCurvature;
  report.status = SolveStatus::kNegativeCurvature;
  report.message += "; truncated: the iterate reached is returned";
  if ((stopped_there && (solution.x != 0).any().item<bool>()) || !(matrix.largest_gain() > 0)) {
    return;
  }
  solution.x = problem.b / (matrix.largest_gain() + damping);
  report.message += ", which is a gradient step";
  const DampedOperator damped(matrix, damping);
  const CountedOperator counted(damped);
  const auto as_columns = [](const Tensor& t) { return t.dim() == 1 ? t.unsqueeze(1) : t; };
  solution.residual = certify(counted, as_columns(problem.b), as_columns(solution.x), {}, report)
                          .view(problem.b.sizes());
}

std::string indefinite_message(const SolveReport& report) {
  return fmt::format(
      "an eigenvalue is at most {:.3e}: the matrix is not positive definite; raise the damping by "
      "more than {:.3e}, use the Gauss-Newton matrix, or on_negative_curvature: solve",
      lowest_quotient(report), -lowest_quotient(report));
}

std::string refusal_of(const SolveReport& report, bool is_indefinite, bool is_answered) {
  if (report.status == SolveStatus::kNonFinite) return report.message;
  if (is_indefinite && !is_answered) {
    return report.status == SolveStatus::kNegativeCurvature ? report.message
                                                            : indefinite_message(report);
  }
  const bool is_truncated = report.status == SolveStatus::kNegativeCurvature;
  if (!is_truncated && !(report.relative_residual < 1)) {
    return fmt::format(
        "its residual is {:.2e} times the right-hand side, so that no step is nearer "
        "to the solution ({})",
        report.relative_residual, report.message);
  }
  return "";
}

}  // namespace

const std::vector<std::string>& negative_curvature_policies() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    all.reserve(kPolicies.size());
    for (const auto& [name, policy] : kPolicies) all.push_back(name);
    return all;
  }();
  return names;
}

NegativeCurvaturePolicy negative_curvature_policy(const std::string& name) {
  for (const auto& [known, policy] : kPolicies) {
    if (known == name) return policy;
  }
  throw Error(ErrorKind::kUsage, unknown_name_message("policy for negative curvature", name,
                                                      negative_curvature_policies()));
}

Solution solve_damped(const DampedProblem& problem, const DampedSolveOptions& options,
                      const Solver& solver) {
  const NegativeCurvaturePolicy policy = options.on_negative_curvature;
  if (policy == NegativeCurvaturePolicy::kSwitchToGgn && problem.ggn == nullptr) {
    throw Error(ErrorKind::kUsage, "switch_to_ggn needs a Gauss-Newton matrix to switch to");
  }
  const CountedOperator matrix(problem.matrix);
  auto [damping, note] = first_damping(problem, options, matrix);
  Solution solution = solve_once(problem, matrix, damping, solver);
  std::int64_t iterations = solution.report.iterations;
  std::int64_t other_products = 0;
  double other_gradients = 0;
  const auto met = [&] { return met_negative_curvature(solution.report, matrix); };
  const bool is_indefinite = met();
  bool is_answered = policy != NegativeCurvaturePolicy::kFail;
  if (is_indefinite && policy == NegativeCurvaturePolicy::kSwitchToGgn) {
    note += fmt::format("; switched to the Gauss-Newton matrix at p'Ap = {:.3g}",
                        lowest_quotient(solution.report));
    const CountedOperator ggn(*problem.ggn);
    solution = solve_once(problem, ggn, damping, solver);
    iterations += solution.report.iterations;
    other_products = ggn.products();
    other_gradients = ggn.sample_gradients();
    is_answered = !met_negative_curvature(solution.report, ggn);
  } else if (is_indefinite && policy == NegativeCurvaturePolicy::kTruncate) {
    truncate(problem, matrix, damping, solution);
  } else if (is_indefinite && policy == NegativeCurvaturePolicy::kRaiseDamping) {
    int raises = 0;
    for (; met() && raises < kMaxRaises; ++raises) {
      damping = raised(damping, solution.report, matrix.largest_gain(), options.condition_target);
      solution = solve_once(problem, matrix, damping, solver);
      iterations += solution.report.iterations;
    }
    note += fmt::format("; raised {} times to {:.3g} past negative curvature", raises, damping);
    is_answered = !met();
  } else if (is_indefinite && policy == NegativeCurvaturePolicy::kSolve) {
    is_answered = solution.report.status != SolveStatus::kNegativeCurvature;
  } else if (is_indefinite && solution.report.status != SolveStatus::kNegativeCurvature) {
    solution.report.status = SolveStatus::kNegativeCurvature;
    solution.report.message = indefinite_message(solution.report);
  }
  solution.report.refusal = refusal_of(solution.report, is_indefinite, is_answered);
  solution.report.iterations = iterations;
  solution.report.products = matrix.products() + other_products;
  solution.report.sample_gradients = matrix.sample_gradients() + other_gradients;
  solution.report.damping = damping;
  solution.report.damping_note = note;
  return solution;
}

}  // namespace oubli
