#include "core/solve/spectrum.h"

#include <gtest/gtest.h>

#include "core/evaluate/statistics/estimate.h"
#include "tests/support/operators.h"

namespace oubli {
namespace {

using testing::CountingOperator;
using testing::log_spaced;
using testing::matrix_with;

TEST(Spectrum, EndsTraceAndDensity) {
  const Tensor values = at::cat({log_spaced(1e-3, 5, 99), at::tensor({-2.0}, at::kDouble)});
  const Tensor a = matrix_with(values);
  const CountingOperator matrix(a);
  Generator generator(1);
  const SpectrumEstimate spectrum = estimate_spectrum(matrix, 30, 16, generator);
  EXPECT_EQ(spectrum.products, matrix.columns());
  EXPECT_EQ(spectrum.products, 30 * 16);
  EXPECT_NEAR(spectrum.smallest, -2, spectrum.smallest_residual + 1e-12);
  EXPECT_GE(spectrum.smallest, -2 - 1e-12);
  EXPECT_NEAR(spectrum.largest, 5, spectrum.largest_residual + 1e-12);
  EXPECT_LT(spectrum.smallest_residual, 1e-6);
  const double trace = a.trace().item<double>();
  const Estimate estimate = estimate_mean(spectrum.traces);
  EXPECT_EQ(estimate.n, 16);
  EXPECT_NEAR(spectrum.trace, trace, 2 * *estimate.half_width);
  // The density's first moments are the trace, and tr A^2, over dim.
  EXPECT_NEAR(spectrum.weights.sum().item<double>(), 1, 1e-12);
  EXPECT_NEAR(100 * (spectrum.nodes * spectrum.weights).sum().item<double>(), spectrum.trace,
              1e-10 * trace);
  const double squares = (a * a).sum().item<double>();
  EXPECT_NEAR(100 * (spectrum.nodes.square() * spectrum.weights).sum().item<double>(), squares,
              0.15 * squares);
  EXPECT_TRUE((spectrum.nodes.diff() >= 0).all().item<bool>());
}

// Signs have z'Az = tr A for a diagonal matrix, whatever the signs.
TEST(Spectrum, TheTraceOfADiagonalIsExact) {
  const DenseOperator matrix(log_spaced(0.1, 10, 20).diag());
  Generator generator(1);
  const SpectrumEstimate spectrum = estimate_spectrum(matrix, 3, 2, generator);
  EXPECT_NEAR(spectrum.trace, log_spaced(0.1, 10, 20).sum().item<double>(), 1e-12);
  EXPECT_LT(*estimate_mean(spectrum.traces).half_width, 1e-12);
}

// 400 repetitions leave a standard error of 1.1 %; plus and minus one standard error would hold the
// trace in 61 % of them.
TEST(Spectrum, TheTracesIntervalHoldsItAsOftenAsItSays) {
  const Tensor a = matrix_with(log_spaced(1e-2, 5, 60));
  const DenseOperator matrix(a);
  const double trace = a.trace().item<double>();
  Generator generator(2);
  int held = 0;
  for (int i = 0; i < 400; ++i) {
    const SpectrumEstimate spectrum = estimate_spectrum(matrix, 1, 4, generator);
    const Estimate estimate = estimate_mean(spectrum.traces);
    held += std::abs(estimate.mean - trace) <= *estimate.half_width ? 1 : 0;
  }
  EXPECT_NEAR(held / 400.0, 0.95, 0.04);
}

TEST(Spectrum, NonFiniteProductsAreSaid) {
  const DenseOperator matrix(at::full({3, 3}, std::nan(""), at::kDouble));
  Generator generator(1);
  EXPECT_FALSE(estimate_spectrum(matrix, 3, 2, generator).is_finite);
}

}  // namespace
}  // namespace oubli
