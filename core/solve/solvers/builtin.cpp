#include "core/solve/solver.h"

namespace oubli {

#define OUBLI_SOLVER(name) SolverInfo name##_solver();
#include "core/solve/solvers/solvers.def"
#undef OUBLI_SOLVER

Registry<SolverInfo> builtin_solvers() {
  Registry<SolverInfo> registry("solver");
#define OUBLI_SOLVER(name) registry.add(name##_solver());
#include "core/solve/solvers/solvers.def"
#undef OUBLI_SOLVER
  return registry;
}

std::unique_ptr<Solver> make_solver(const std::string& name, const SolverLimits& limits) {
  return builtin_solvers().find(name).make(Settings(), limits);
}

std::unique_ptr<Solver> make_solver(const std::string& name, const Settings& settings) {
  const SolverLimits limits = SolverLimits::read(settings);
  auto solver = builtin_solvers().find(name, settings.origin()).make(settings, limits);
  settings.finish();
  return solver;
}

}  // namespace oubli
