#include "core/privacy/gaussian.h"

#include <boost/math/constants/constants.hpp>
#include <boost/math/tools/minima.hpp>
#include <boost/math/tools/roots.hpp>
#include <cmath>
#include <cstdint>

#include "core/base/error.h"

namespace oubli {
namespace {

constexpr int kBits = 50;  // of a double's 53

double log_normal_cdf(double x) {
  constexpr double kTail = -30;  // below it erfc loses its digits, and the series has them all
  if (x > kTail) return std::log(0.5 * std::erfc(-x / boost::math::constants::root_two<double>()));
  const double square = x * x;
  return -square / 2 - std::log(-x * boost::math::constants::root_two_pi<double>()) +
         std::log1p(-1 / square + 3 / (square * square));
}

void require(bool holds, const char* what) {
  if (!holds) throw Error(ErrorKind::kUsage, what);
}

void require_delta(double delta) {
  require(delta > 0 && delta < 1, "a privacy delta lies between 0 and 1");
}

// Where a function that falls with x reaches 0, between bounds of which the first is on its left.
template <typename Function>
double root_of(const Function& function, double left, double right) {
  std::uintmax_t steps = 500;
  const auto [low, high] = boost::math::tools::toms748_solve(
      function, left, right, boost::math::tools::eps_tolerance<double>(kBits), steps);
  return (low + high) / 2;
}

}  // namespace

double gaussian_delta(double mu, double epsilon) {
  require(mu >= 0 && epsilon >= 0 && std::isfinite(mu) && std::isfinite(epsilon),
          "mu and epsilon are 0 or more");
  if (mu == 0) return 0;
  const double first = log_normal_cdf(mu / 2 - epsilon / mu);
  const double second = epsilon + log_normal_cdf(-mu / 2 - epsilon / mu);
  // e^first - e^second, both of which may be small and nearly equal.
  return second >= first ? 0 : -std::exp(first) * std::expm1(second - first);
}

double gaussian_epsilon(double mu, double delta) {
  require_delta(delta);
  if (gaussian_delta(mu, 0) <= delta) return 0;
  double high = 1;
  while (gaussian_delta(mu, high) > delta) high *= 2;
  return root_of([&](double epsilon) { return gaussian_delta(mu, epsilon) - delta; }, 0.0, high);
}

double gaussian_mu(double epsilon, double delta) {
  require_delta(delta);
  require(epsilon >= 0 && std::isfinite(epsilon), "epsilon is 0 or more");
  double low = 1, high = 1;
  while (gaussian_delta(low, epsilon) > delta) low /= 2;
  while (gaussian_delta(high, epsilon) <= delta) high *= 2;
  return root_of([&](double mu) { return delta - gaussian_delta(mu, epsilon); }, low, high);
}

double renyi_epsilon(double rho, double delta) {
  require_delta(delta);
  require(rho >= 0 && std::isfinite(rho), "rho is 0 or more");
  if (rho == 0) return 0;
  // Over ln(a - 1), in which the function has one minimum.
  const auto epsilon = [&](double log_excess) {
    const double excess = std::exp(log_excess), order = 1 + excess;
    return order * rho + std::log(excess / order) - (std::log(delta) + std::log(order)) / excess;
  };
  const auto [place, least] = boost::math::tools::brent_find_minima(epsilon, -20.0, 20.0, 40);
  (void)place;
  return least > 0 ? least : 0;
}

double renyi_rho(double epsilon, double delta) {
  require_delta(delta);
  require(epsilon > 0 && std::isfinite(epsilon), "epsilon is above 0");
  double low = 1, high = 1;
  while (renyi_epsilon(low, delta) > epsilon) low /= 2;
  while (renyi_epsilon(high, delta) <= epsilon) high *= 2;
  return root_of([&](double rho) { return epsilon - renyi_epsilon(rho, delta); }, low, high);
}

}  // namespace oubli
