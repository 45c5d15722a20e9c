// Matrices with chosen spectra, an operator that counts what it is asked, and solvers by settings.
#pragma once

#include <ATen/ATen.h>

#include <memory>
#include <optional>
#include <string>

#include "core/base/random.h"
#include "core/base/settings_file.h"
#include "core/curvature/linear_operator.h"
#include "core/solve/solver.h"

namespace oubli::testing {

// Q diag(eigenvalues) Q' for a random orthogonal Q, symmetric to the last bit.
inline Tensor matrix_with(const Tensor& eigenvalues, std::uint64_t seed = 1) {
  const std::int64_t n = eigenvalues.numel();
  Generator generator(seed);
  const Tensor q = std::get<0>(at::linalg_qr(generator.normal({n, n}, at::kDouble)));
  const Tensor a = (q * eigenvalues.unsqueeze(0)).mm(q.t());
  return (a + a.t()) / 2;
}

// `n` values evenly spaced in the logarithm.
inline Tensor log_spaced(double first, double last, std::int64_t n) {
  return at::logspace(std::log10(first), std::log10(last), n, 10.0, at::kDouble);
}

inline std::unique_ptr<Solver> solver_with(const std::string& name, const std::string& settings) {
  return make_solver(name, Settings(parse_settings(settings, "test")));
}

// Counts by itself what solvers say they used.
class CountingOperator : public LinearOperator {
 public:
  explicit CountingOperator(Tensor matrix, std::optional<double> floor = std::nullopt,
                            double column_cost = 0)
      : dense_(std::move(matrix), floor), column_cost_(column_cost) {}
  std::int64_t dim() const override { return dense_.dim(); }
  Tensor apply(const Tensor& v) const override {
    columns_ += v.size(1);
    return dense_.apply(v);
  }
  std::optional<double> eigenvalue_floor() const override { return dense_.eigenvalue_floor(); }
  double column_cost() const override { return column_cost_; }
  std::int64_t columns() const { return columns_; }

 private:
  DenseOperator dense_;
  double column_cost_;
  mutable std::int64_t columns_ = 0;
};

}  // namespace oubli::testing
