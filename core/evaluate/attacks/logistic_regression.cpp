#include "core/evaluate/attacks/logistic_regression.h"

#include <ATen/ATen.h>

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <cmath>

#include "core/base/error.h"

namespace oubli {
namespace {

using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using Vector = Eigen::VectorXd;

constexpr double kTolerance = 1e-12;
constexpr int kMostIterations = 200;

// ln(1 + exp(-m)), finite for all finite m.
double softplus(double m) {
  return m > 0 ? std::log1p(std::exp(-m)) : -m + std::log1p(std::exp(m));
}

struct Problem {
  Matrix x;  // the last column is 1, for the intercept
  Vector y;  // +-1
  double c;

  double value(const Vector& w) const {
    const Vector margins = y.cwiseProduct(x * w);
    return 0.5 * w.head(w.size() - 1).squaredNorm() + c * margins.unaryExpr(&softplus).sum();
  }
};

}  // namespace

Tensor LogisticRegression::decision(const Tensor& features) const {
  return features.to(at::kDouble).mv(coefficients) + intercept;
}

LogisticRegression fit_logistic_regression(const Tensor& features, const Tensor& labels, double c) {
  const Tensor x = features.to(at::kDouble).contiguous();
  const Tensor truth = labels.to(at::kBool);
  if (x.dim() != 2 || truth.dim() != 1 || x.size(0) != truth.size(0)) {
    throw Error(ErrorKind::kUsage, "logistic regression needs features [n, d] and labels [n]");
  }
  if (!x.isfinite().all().item<bool>()) {
    throw Error(ErrorKind::kUsage, "logistic regression needs finite features");
  }
  if (truth.all().item<bool>() || !truth.any().item<bool>()) {
    throw Error(ErrorKind::kUsage, "logistic regression needs examples of both classes");
  }
  const std::int64_t n = x.size(0), d = x.size(1);
  const Tensor signs = (2 * truth.to(at::kDouble) - 1).contiguous();
  Problem problem{Matrix::Ones(n, d + 1),
                  Eigen::Map<const Vector>(signs.const_data_ptr<double>(), n), c};
  problem.x.leftCols(d) = Eigen::Map<const Matrix>(x.const_data_ptr<double>(), n, d);

  Vector w = Vector::Zero(d + 1);
  LogisticRegression fit;
  double value = problem.value(w);
  for (int iteration = 0; iteration < kMostIterations && !fit.converged; ++iteration) {
    // With s = sigma(-y z): gradient -y s x, curvature s (1 - s) x x'.
    const Vector margins = problem.y.cwiseProduct(problem.x * w);
    const Vector s = margins.unaryExpr([](double m) { return std::exp(-softplus(-m)); });
    const Vector weights = c * s.cwiseProduct(Vector::Ones(n) - s);
    Vector gradient = -c * problem.x.transpose() * problem.y.cwiseProduct(s);
    gradient.head(d) += w.head(d);
    Matrix hessian = problem.x.transpose() * weights.asDiagonal() * problem.x;
    hessian.diagonal().head(d).array() += 1;
    // Saturated examples can leave no curvature along the intercept.
    hessian(d, d) += 1e-14 * (1 + hessian(d, d));
    const Vector step = -hessian.ldlt().solve(gradient);
    const double slope = gradient.dot(step);
    // Below rounding of the objective the full step is the best there is.
    const double slack = 1e-14 * (1 + std::abs(value));
    double scale = 1;
    double next = problem.value(w + step);
    while (!(next <= value + 1e-4 * scale * slope + slack) && scale > 1e-10) {
      scale /= 2;
      next = problem.value(w + scale * step);
    }
    w += scale * step;
    value = next;
    fit.converged = scale == 1 && step.norm() <= kTolerance * (1 + w.norm());
  }
  fit.coefficients = at::empty({d}, at::kDouble);
  Eigen::Map<Vector>(fit.coefficients.mutable_data_ptr<double>(), d) = w.head(d);
  fit.intercept = w[d];
  return fit;
}

}  // namespace oubli
