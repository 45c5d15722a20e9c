// Solvers: from an operator A and right-hand sides b to x with A x = b, each with a certificate.
//
//   const auto solver = make_solver("cg", {.tolerance = 1e-8});
//   const Solution solution = solver->solve({damped, b});
//   if (solution.report.status != SolveStatus::kConverged) ...
//
// A new solver is one subclass in core/solve/solvers/NAME.cpp and its line in solvers.def. It
// implements run(); what every solver owes its caller is done here once: the checks of the
// right-hand side, counting, the recomputed residual, the bound on the error, the sentence.
//
// No outcome of a solve is an exception. Error(kUsage) is for shapes and types that do not fit and
// for a missing generator; an operator may throw its own errors.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "core/base/random.h"
#include "core/base/registry.h"
#include "core/solve/counted_operator.h"
#include "core/solve/solution.h"

namespace oubli {

struct SolverLimits {
  double tolerance = 1e-6;            // on |b - A x| / |b|, each column
  std::int64_t max_iterations = 300;  // of one solve

  // Reads tolerance and max_iterations.
  static SolverLimits read(const Settings& settings);
};

// What is referred to must outlive the call.
struct SolveProblem {
  const LinearOperator& matrix;                    // with its damping
  Tensor b;                                        // float64 [dim] or [dim, k]
  const LinearOperator* preconditioner = nullptr;  // applies M^-1, positive definite
  // For solvers that draw. They draw from streams of their own: the same generator gives the same
  // solution.
  const Generator* generator = nullptr;
  std::function<bool()> stop = {};  // asked once an iteration
};

class Solver {
 public:
  explicit Solver(SolverLimits limits) : limits_(limits) {}
  virtual ~Solver() = default;
  Solution solve(const SolveProblem& problem) const;
  const SolverLimits& limits() const { return limits_; }

 protected:
  // A problem as run() sees it: b is [dim, k], finite, and no column is zero.
  struct Run {
    const CountedOperator& matrix;
    Tensor b;
    const LinearOperator* preconditioner;
    const Generator* generator;
    std::function<bool()> stop;  // never empty

    // A fresh stream of the generator. Throws Error(kUsage) where there is none.
    Generator draws(const std::string& name) const;
    // M^-1 v, or v.
    Tensor precondition(const Tensor& v) const;
  };
  // x [dim, k], and b - A x where the last product taken gave it.
  struct Iterate {
    Tensor x;
    Tensor residual = {};
  };
  // Fills in the report's status, iterations and what else it knows. Solvers that can tell say in
  // `message` what ended them; the rest of the certificate is added by solve(). A status that the
  // residual contradicts is corrected there.
  virtual Iterate run(const Run& run, SolveReport& report) const = 0;

 private:
  SolverLimits limits_;
};

struct SolverInfo {
  std::string name;  // in YAML, and of its file
  std::string summary;
  std::string reference = {};
  bool indefinite = false;       // solves with negative eigenvalues rather than reporting them
  bool singular = false;         // solves singular systems that have a solution
  bool approximate = false;      // of limited rank or slow: need not reach the tolerance
  bool preconditioned = false;   // makes use of a preconditioner
  bool needs_generator = false;  // draws random numbers
  bool shares_columns = false;   // right-hand sides help each other
  // Reads the solver's own settings; the limits are shared by all.
  std::function<std::unique_ptr<Solver>(const Settings&, const SolverLimits&)> make = {};
};

template <typename S>
std::unique_ptr<Solver> make_solver_of(const Settings& settings, const SolverLimits& limits) {
  return std::make_unique<S>(settings, limits);
}

Registry<SolverInfo> builtin_solvers();

// A built-in solver by name. With settings, its own ones and the limits are read from one map,
// which is finished here.
std::unique_ptr<Solver> make_solver(const std::string& name, const SolverLimits& limits = {});
std::unique_ptr<Solver> make_solver(const std::string& name, const Settings& settings);

// Adds to a report what follows from x: the residual of each column (from `residual` = b - A x,
// computed by one product where undefined), the error's bound, products and their cost. `b`, `x`:
// [dim, k]; columns of b that are zero count as solved where x is zero. Returns the residual.
Tensor certify(const CountedOperator& matrix, const Tensor& b, const Tensor& x, Tensor residual,
               SolveReport& report);

}  // namespace oubli
