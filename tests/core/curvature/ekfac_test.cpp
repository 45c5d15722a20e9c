#include "core/curvature/ekfac.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "core/curvature/gauss_newton.h"
#include "core/curvature/kfac.h"
#include "tests/support/expect_error.h"
#include "tests/support/kronecker.h"
#include "tests/support/numbers.h"

namespace oubli {
namespace {

using testing::curvature_problem;
using testing::CurvatureProblem;
using testing::expect_equal;
using testing::groups_of_problem;
using ::testing::HasSubstr;
using testing::identity;
using testing::kBoth;
using testing::kExact;
using testing::largest;
using testing::layer_blocks;

Ekfac ekfac(const CurvatureProblem& p, const KroneckerOptions& options) {
  CostMeter cost;
  return Ekfac(p.model, p.subset, p.objective, cost, options);
}

// Without l2.
Tensor dense_ekfac(const CurvatureProblem& p, const KroneckerOptions& options) {
  return ekfac(p, options).as_dense() - identity(p, p.objective.l2);
}

CurvatureProblem problem_named(const std::string& name) {
  if (name == "tied") return testing::tied_weights();
  if (name == "pooling") return testing::deep_linear_with_pooling();
  if (name == "positions") return testing::deep_linear_over_positions();
  return curvature_problem(name);
}

std::vector<std::string> names() {
  std::vector<std::string> all = testing::curvature_problem_names();
  all.insert(all.end(), {"tied", "pooling", "positions"});
  return all;
}

class EkfacProblems : public ::testing::TestWithParam<std::string> {
 protected:
  EkfacProblems() : p_(problem_named(GetParam())) {
    p_.subset.weights = at::linspace(0.5, 2, p_.subset.size(), at::kDouble);
  }
  CurvatureProblem p_;
};

// M and F agree in the eigenbasis on the diagonal, which makes M the nearest such matrix: F - M is
// orthogonal to M and to K-FAC, both diagonal there.
TEST_P(EkfacProblems, IsTheProjectionOfTheFisher) {
  const Tensor fisher = dense_ggn(p_);
  for (const WeightSharing sharing : kBoth) {
    const KroneckerOptions options{.targets = kExact, .sharing = sharing};
    const Tensor m = dense_ekfac(p_, options);
    CostMeter cost;
    const Tensor k = Kfac(p_.model, p_.subset, p_.objective, cost, options).as_dense() -
                     identity(p_, p_.objective.l2);
    const double scale = fisher.square().sum().item<double>();
    EXPECT_LT(std::abs(((fisher - m) * m).sum().item<double>()), 1e-12 * scale);
    EXPECT_LT(std::abs(((fisher - m) * k).sum().item<double>()), 1e-12 * scale);
    EXPECT_LT(std::abs((fisher - m).trace().item<double>()), 1e-12 * std::sqrt(scale));
    const double error = (fisher - m).norm().item<double>();
    const double error_of_kfac = (fisher - k).norm().item<double>();
    EXPECT_LE(error, error_of_kfac + 1e-13 * std::sqrt(scale));
    EXPECT_TRUE(layer_blocks(p_.model, m, groups_of_problem()).equal(m));
  }
}

TEST_P(EkfacProblems, HasTheTargetsAskedFor) {
  const KroneckerOptions empirical{.targets = FisherTargets::kEmpirical};
  const Tensor m = dense_ekfac(p_, empirical);
  const Tensor fisher = dense_empirical_fisher(p_);
  EXPECT_LT(std::abs((fisher - m).trace().item<double>()), 1e-12 * largest(fisher.trace()));
  EXPECT_GT(largest(m - dense_ekfac(p_, {.targets = kExact})), 1e-3 * largest(m));
}

TEST_P(EkfacProblems, IsSymmetricAndAboveItsFloor) {
  const Ekfac matrix = ekfac(p_, {.targets = FisherTargets::kDrawn, .draws = 1, .seed = 2});
  const Tensor all = matrix.as_dense();
  EXPECT_LT(largest(all - all.t()), 1e-13 * largest(all));
  EXPECT_EQ(matrix.eigenvalue_floor(), p_.objective.l2);
  EXPECT_NEAR(matrix.trace(), all.trace().item<double>(), 1e-12 * matrix.trace());
  EXPECT_GE(at::linalg_eigvalsh(all).min().item<double>(), p_.objective.l2 - 1e-13);
}

TEST_P(EkfacProblems, InverseIsExact) {
  const Ekfac matrix = ekfac(p_, {.targets = kExact});
  for (const double damping : {0.0, 0.3}) {
    const OperatorPtr inverse = matrix.inverse(damping);
    const Tensor damped = matrix.as_dense() + identity(p_, damping);
    EXPECT_LT(largest(inverse->apply(damped) - identity(p_, 1)), 1e-11);
    const double smallest = at::linalg_eigvalsh(inverse->as_dense()).min().item<double>();
    EXPECT_NEAR(*inverse->eigenvalue_floor(), smallest, 1e-12 * smallest + 1e-14);
  }
}

TEST_P(EkfacProblems, DoesNotDependOnBatches) {
  // Near-equal eigenvalues of a factor leave its basis free: what stays is the distance.
  for (const FisherTargets targets : {kExact, FisherTargets::kEmpirical}) {
    const auto distance = [&](std::int64_t batch) {
      return (dense_ekfac(p_, {.targets = targets, .batch_size = batch}) - dense_ggn(p_))
          .norm()
          .item<double>();
    };
    const double whole = distance(p_.subset.size());
    for (const std::int64_t batch : {1, 5}) {
      EXPECT_LT(std::abs(distance(batch) - whole), 1e-9 * dense_ggn(p_).norm().item<double>());
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Problems, EkfacProblems, ::testing::ValuesIn(names()),
                         [](const auto& each) { return each.param; });

TEST(Ekfac, IsStrictlyNearerOnANetwork) {
  const CurvatureProblem p = curvature_problem("mlp");
  CostMeter cost;
  const Tensor fisher = layer_blocks(p.model, dense_ggn(p));
  const Tensor k = Kfac(p.model, p.subset, p.objective, cost, {.targets = kExact}).as_dense() -
                   identity(p, p.objective.l2);
  const double error = (dense_ekfac(p, {.targets = kExact}) - fisher).norm().item<double>();
  EXPECT_LT(error, 0.9 * (k - fisher).norm().item<double>());
}

TEST(Ekfac, IsExactForOneExample) {
  const CurvatureProblem p = curvature_problem("logistic", 1);
  expect_equal(dense_ekfac(p, {.targets = FisherTargets::kEmpirical}), dense_empirical_fisher(p));
}

TEST(Ekfac, RotatesPositionsOrGradientsAlike) {
  // Few positions and wide layers take one way, many positions the other; both are the projection.
  for (const std::int64_t positions : {2, 40}) {
    const CurvatureProblem p = testing::regression_problem(
        "positions", {positions, 4},
        [&](Sequential& net, ParameterTable& table) {
          net.add<Linear>(table, "first", 4, 5);
          net.add<Tanh>();
          net.add<Flatten>();
          net.add<Linear>(table, "last", 5 * positions, 2, /*bias=*/false);
        },
        5);
    const Tensor fisher = dense_ggn(p);
    const Tensor m = dense_ekfac(p, {.targets = kExact});
    const double scale = fisher.square().sum().item<double>();
    EXPECT_LT(std::abs(((fisher - m) * m).sum().item<double>()), 1e-12 * scale);
  }
}

TEST(Ekfac, DrawsApproachTheExpectation) {
  const CurvatureProblem p = curvature_problem("convolutions");
  const Tensor exact = dense_ekfac(p, {.targets = kExact});
  const auto error = [&](std::int64_t draws) {
    return ((dense_ekfac(p, {.targets = FisherTargets::kDrawn, .draws = draws, .seed = 4}) - exact)
                .norm() /
            exact.norm())
        .item<double>();
  };
  const double few = error(20), many = error(2000);
  EXPECT_LT(many, 0.1);
  EXPECT_LT(many, few / 3);
}

TEST(Ekfac, DrawsHaveTheCovarianceAskedFor) {
  const CurvatureProblem p = curvature_problem("convolutions");
  const Ekfac matrix = ekfac(p, {.targets = kExact});
  constexpr int kDraws = 4000;
  Generator generator(5);
  for (const double power : {-1.0, -0.5}) {
    const auto [values, vectors] = at::linalg_eigh(matrix.as_dense() + identity(p, 0.2));
    const Tensor root = vectors.mm((values.pow(-power / 2)).diag()).mm(vectors.t());
    Tensor sum = at::zeros({p.model.dim(), p.model.dim()}, at::kDouble);
    for (int i = 0; i < kDraws; ++i) {
      const Tensor white = root.mv(matrix.sample(0.01, power, 0.2, generator)) / 0.1;
      sum += at::outer(white, white);
    }
    EXPECT_LT(largest(sum / kDraws - identity(p, 1)), 6 * std::sqrt(2.0 / kDraws));
  }
  EXPECT_EQ(largest(matrix.sample(0, -1, 0.2, generator)), 0);
}

TEST(Ekfac, CostIsCountedInThirdsOfAGradient) {
  const CurvatureProblem p = curvature_problem("mlp", 12);
  CostMeter cost;
  const Ekfac matrix(p.model, p.subset, p.objective, cost,
                     {.targets = FisherTargets::kDrawn, .batch_size = 5, .draws = 1});
  EXPECT_NEAR(cost.sample_gradients(), 12 * ((1 + 2) + (1 + 4)) / 3.0, 1e-9);
}

TEST(Ekfac, RefusesASingularInverse) {
  CurvatureProblem p = curvature_problem("logistic", 2);
  p.objective.l2 = 0;
  Generator generator(1);
  EXPECT_ERROR(ErrorKind::kNumerics, ekfac(p, {}).inverse(0), HasSubstr("larger damping"));
  EXPECT_ERROR(ErrorKind::kNumerics, ekfac(p, {}).sample(1, -1, 0, generator),
               HasSubstr("larger damping"));
}

}  // namespace
}  // namespace oubli
