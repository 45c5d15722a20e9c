#include "core/privacy/gaussian.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "core/base/random.h"
#include "tests/support/expect_error.h"

namespace oubli {
namespace {

// Balle and Wang's sigma for S = 1 and delta = 1e-5, by an independent bisection in Python.
TEST(Gaussian, MuIsThatOfTheAnalyticMechanism) {
  EXPECT_NEAR(1 / gaussian_mu(1, 1e-5), 3.731, 5e-4);
  EXPECT_NEAR(1 / gaussian_mu(2, 1e-5), 1.994, 5e-4);
  EXPECT_NEAR(1 / gaussian_mu(4, 1e-5), 1.081, 5e-4);
  EXPECT_NEAR(1 / gaussian_mu(8, 1e-5), 0.600, 5e-4);
  EXPECT_NEAR(1 / gaussian_mu(50, 1e-5), 0.150, 5e-4);
}

TEST(Gaussian, TheInversesInvert) {
  for (const double mu : {0.01, 0.3, 1.0, 5.0, 20.0}) {
    for (const double delta : {1e-10, 1e-5, 1e-2}) {
      const double epsilon = gaussian_epsilon(mu, delta);
      if (epsilon == 0) continue;
      EXPECT_NEAR(gaussian_delta(mu, epsilon) / delta, 1, 1e-9) << mu << " " << delta;
      EXPECT_NEAR(gaussian_mu(epsilon, delta) / mu, 1, 1e-9) << mu << " " << delta;
    }
  }
}

// delta(epsilon) = E over x of N(mu, 1) of max(0, 1 - e^(epsilon - L(x))), L the log ratio.
TEST(Gaussian, DeltaIsWhatSimulationFinds) {
  const double mu = 1.2, epsilon = 0.8;
  Generator generator(3);
  const Tensor x = generator.normal({400000}, at::kDouble) + mu;
  const Tensor ratio = mu * x - mu * mu / 2;
  const Tensor excess = (1 - (epsilon - ratio).exp()).clamp_min(0);
  EXPECT_NEAR(excess.mean().item<double>(), gaussian_delta(mu, epsilon), 2e-3);
}

TEST(Gaussian, MoreEpsilonIsLessDelta) {
  double last = 1;
  for (int i = 0; i <= 85; ++i) {
    const double epsilon = 0.7 * i;
    const double delta = gaussian_delta(2.5, epsilon);
    EXPECT_LT(delta, last);
    EXPECT_GE(delta, 0);
    last = delta;
  }
  EXPECT_EQ(gaussian_delta(0, 1), 0);
}

// Of one release the conversion is above the exact value, and not by much.
TEST(Gaussian, RenyiIsAnUpperBound) {
  for (const double mu : {0.1, 1.0, 4.0}) {
    const double exact = gaussian_epsilon(mu, 1e-5), bound = renyi_epsilon(mu * mu / 2, 1e-5);
    EXPECT_GT(bound, exact) << mu;
    EXPECT_LT(bound, 1.2 * exact + 0.1) << mu;
  }
}

TEST(Gaussian, RenyisInverseInverts) {
  for (const double epsilon : {0.1, 1.0, 10.0}) {
    EXPECT_NEAR(renyi_epsilon(renyi_rho(epsilon, 1e-5), 1e-5) / epsilon, 1, 1e-6);
  }
}

TEST(Gaussian, RefusesWhatIsNoBudget) {
  testing::error_message(ErrorKind::kUsage, [] { gaussian_epsilon(1, 0); });
  testing::error_message(ErrorKind::kUsage, [] { gaussian_delta(-1, 1); });
  testing::error_message(ErrorKind::kUsage, [] { gaussian_mu(-1, 0.1); });
  testing::error_message(ErrorKind::kUsage, [] { renyi_epsilon(std::nan(""), 0.1); });
}

}  // namespace
}  // namespace oubli
