// A^-1 as an operator: each product is a solve. For small blocks, and as the exact preconditioner
// that others are measured against.
//
// A solve that does not converge throws Error(kNumerics) with the solver's sentence: a product that
// is silently wrong would spoil whatever is built on it. `observe`, where given, sees every report
// first. Cost: that of the solves, in the reports; column_cost() is 0, as no number is known
// beforehand.
#pragma once

#include <functional>

#include "core/solve/solver.h"

namespace oubli {

// `generator` seeds the solvers that draw.
OperatorPtr inverse_by(OperatorPtr matrix, std::shared_ptr<const Solver> solver,
                       OperatorPtr preconditioner = nullptr,
                       const Generator& generator = Generator(0),
                       std::function<void(const SolveReport&)> observe = {});

}  // namespace oubli
