#include "core/curvature/lbfgs_hessian.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "core/base/random.h"
#include "tests/support/expect_error.h"

namespace oubli {
namespace {

constexpr std::int64_t kDim = 7;

// Positive definite, with eigenvalues from 1 to 7.
Tensor hessian(Generator& generator) {
  const auto [q, r] = at::linalg_qr(generator.normal({kDim, kDim}, at::kDouble));
  return q.mm(at::arange(1, kDim + 1, at::kDouble).diag()).mm(q.t());
}

Tensor dense(const LbfgsHessian& b) {
  Tensors columns;
  for (std::int64_t i = 0; i < kDim; ++i) columns.push_back(b.times(at::eye(kDim, at::kDouble)[i]));
  return at::stack(columns, 1);
}

// The BFGS update of the matrix itself, from sigma I: Nocedal and Wright, equation 6.19.
Tensor by_updates(const Tensors& s, const Tensors& y) {
  const double sigma = (y.back().dot(s.back()) / s.back().dot(s.back())).item<double>();
  Tensor b = sigma * at::eye(kDim, at::kDouble);
  for (std::size_t i = 0; i < s.size(); ++i) {
    const Tensor bs = b.mv(s[i]);
    b = b - at::outer(bs, bs) / s[i].dot(bs) + at::outer(y[i], y[i]) / y[i].dot(s[i]);
  }
  return b;
}

TEST(LbfgsHessian, IsTheBfgsMatrixOfItsLastPairs) {
  Generator generator(1);
  const Tensor h = hessian(generator);
  LbfgsHessian b(3);
  Tensors s, y;
  for (int i = 0; i < 5; ++i) {
    s.push_back(generator.normal({kDim}, at::kDouble));
    y.push_back(h.mv(s.back()));
    EXPECT_TRUE(b.add(s.back(), y.back()));
    // The secant equation holds for the newest pair.
    EXPECT_LT((b.times(s.back()) - y.back()).norm().item<double>(),
              1e-12 * y.back().norm().item<double>());
  }
  const Tensor expected = by_updates({s.begin() + 2, s.end()}, {y.begin() + 2, y.end()});
  const Tensor found = dense(b);
  EXPECT_LT((found - expected).norm().item<double>(), 1e-11 * expected.norm().item<double>());
  EXPECT_GT(std::get<0>(at::linalg_eigh((found + found.t()) / 2)).min().item<double>(), 0);
  // And only for the newest.
  EXPECT_GT((b.times(s[2]) - y[2]).norm().item<double>(), 1e-3 * y[2].norm().item<double>());
}

TEST(LbfgsHessian, IsTheHessianAfterConjugateSteps) {
  Generator generator(2);
  const Tensor h = hessian(generator);
  const auto [values, vectors] = at::linalg_eigh(h);
  LbfgsHessian b(kDim);
  for (std::int64_t i = 0; i < kDim; ++i) b.add(vectors.select(1, i), h.mv(vectors.select(1, i)));
  EXPECT_LT((dense(b) - h).norm().item<double>(), 1e-11 * h.norm().item<double>());
  EXPECT_NEAR(b.steepest(), kDim, 1e-10);
}

TEST(LbfgsHessian, LeavesOutPairsWithoutCurvature) {
  LbfgsHessian b(2);
  const Tensor s = at::ones({kDim}, at::kDouble);
  EXPECT_FALSE(b.add(s, -s));
  EXPECT_FALSE(b.add(s, at::zeros_like(s)));
  EXPECT_FALSE(b.add(at::zeros_like(s), s));
  EXPECT_TRUE(b.empty());
  EXPECT_ERROR(ErrorKind::kUsage, b.times(s), ::testing::HasSubstr("no pair"));
  EXPECT_TRUE(b.add(s, 3 * s));
  EXPECT_FALSE(b.add(s, -s));
  EXPECT_TRUE(b.times(s).allclose(3 * s));
}

}  // namespace
}  // namespace oubli
