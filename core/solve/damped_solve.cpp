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
    {"truncate", NegativeCurvaturePolicy::kTruncate}};

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

double raised(double damping, const SolveReport& report, double largest, double kappa) {
  const double quotient = std::min(0.0, report.rayleigh_quotient.value_or(0));
  const double next = std::max(kRaise * damping, kMargin * (damping - quotient));
  return next > 0 ? next : std::max(largest / kappa, std::numeric_limits<double>::min());
}

// Where the first direction was already one of negative curvature, x is 0: a gradient step.
void truncate(const DampedProblem& problem, const CountedOperator& matrix, double damping,
              Solution& solution) {
  SolveReport& report = solution.report;
  report.message += "; truncated: the iterate reached is returned";
  if ((solution.x != 0).any().item<bool>() || !(matrix.largest_gain() > 0)) return;
  solution.x = problem.b / (matrix.largest_gain() + damping);
  report.message += ", which is a gradient step";
  const DampedOperator damped(matrix, damping);
  const CountedOperator counted(damped);
  const auto as_columns = [](const Tensor& t) { return t.dim() == 1 ? t.unsqueeze(1) : t; };
  certify(counted, as_columns(problem.b), as_columns(solution.x), {}, report);
}

}  // namespace

NegativeCurvaturePolicy negative_curvature_policy(const std::string& name) {
  std::vector<std::string> names;
  for (const auto& [known, policy] : kPolicies) {
    if (known == name) return policy;
    names.push_back(known);
  }
  throw Error(ErrorKind::kUsage,
              unknown_name_message("policy for negative curvature", name, names));
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
  const auto met = [&] { return solution.report.status == SolveStatus::kNegativeCurvature; };
  if (met() && policy == NegativeCurvaturePolicy::kSwitchToGgn) {
    note += fmt::format("; switched to the Gauss-Newton matrix at p'Ap = {:.3g}",
                        solution.report.rayleigh_quotient.value_or(0));
    const CountedOperator ggn(*problem.ggn);
    solution = solve_once(problem, ggn, damping, solver);
    iterations += solution.report.iterations;
    other_products = ggn.products();
    other_gradients = ggn.sample_gradients();
  } else if (met() && policy == NegativeCurvaturePolicy::kTruncate) {
    truncate(problem, matrix, damping, solution);
  } else if (policy == NegativeCurvaturePolicy::kRaiseDamping) {
    int raises = 0;
    for (; met() && raises < kMaxRaises; ++raises) {
      damping = raised(damping, solution.report, matrix.largest_gain(), options.condition_target);
      solution = solve_once(problem, matrix, damping, solver);
      iterations += solution.report.iterations;
    }
    if (raises > 0) {
      note += fmt::format("; raised {} times to {:.3g} past negative curvature", raises, damping);
    }
  }
  solution.report.iterations = iterations;
  solution.report.products = matrix.products() + other_products;
  solution.report.sample_gradients = matrix.sample_gradients() + other_gradients;
  solution.report.damping = damping;
  solution.report.damping_note = note;
  return solution;
}

}  // namespace oubli
