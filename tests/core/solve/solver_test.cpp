// Every solver on every kind of matrix: what each solves to which accuracy, and that each ends with
// a status and a certificate that holds. A new solver is tested here by its line in solvers.def.
#include "core/solve/solver.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <Eigen/Eigenvalues>
#include <filesystem>
#include <limits>
#include <set>

#include "tests/support/expect_error.h"
#include "tests/support/operators.h"

namespace oubli {
namespace {

using ::testing::AnyOf;
using testing::CountingOperator;
using ::testing::HasSubstr;
using testing::log_spaced;
using testing::matrix_with;

constexpr std::int64_t kSize = 30;
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

enum class Kind { kDefinite, kSingular, kIndefinite };

struct Matrix {
  std::string name;
  Tensor values;  // the spectrum
  Kind kind = Kind::kDefinite;
  bool is_benign = false;  // so much that approximate solvers are exact, with these settings
  double tolerance = 1e-12;

  Tensor dense() const { return matrix_with(values); }
  // The truth about the lowest eigenvalue, as an operator would know it; where dense() rounds it by
  // more than the last digits, a little less.
  double floor() const { return values.min().item<double>() * (is_benign ? 1 : 1 - 1e-6); }
};

std::vector<Matrix> matrices() {
  const auto with_mass = [](double floor, const std::vector<double>& outliers) {
    Tensor values = at::full({kSize}, floor, at::kDouble);
    for (std::size_t i = 0; i < outliers.size(); ++i) {
      values[static_cast<std::int64_t>(i)] = outliers[i];
    }
    return values;
  };
  return {
      {"well_conditioned", log_spaced(0.5, 2, kSize), Kind::kDefinite, false},
      {"low_rank_and_damping", with_mass(0.5, {3, 2, 1, 0.9}), Kind::kDefinite, true},
      {"identity", at::ones({kSize}, at::kDouble), Kind::kDefinite, true},
      {"one_by_one", at::full({1}, 0.3, at::kDouble), Kind::kDefinite, true},
      {"clustered", at::cat({at::full({10}, 1.0, at::kDouble), at::full({10}, 30.0, at::kDouble),
                             at::full({10}, 900.0, at::kDouble)})},
      // The right-hand side lies mostly along small eigenvalues after division: |x| is near
      // |b| / lambda_min, and the residual's floor near eps * 1e8.
      {"condition_1e8", log_spaced(1e-8, 1, kSize), Kind::kDefinite, false, 1e-8},
      {"rank_deficient", with_mass(0, {5, 4, 3, 2, 1, 0.5, 0.2, 0.1}), Kind::kSingular},
      {"indefinite", at::cat({log_spaced(0.1, 2, kSize / 2), -log_spaced(0.1, 2, kSize / 2)}),
       Kind::kIndefinite},
      {"negative_definite", -log_spaced(0.5, 2, kSize), Kind::kIndefinite},
      {"one_by_one_negative", at::full({1}, -2.0, at::kDouble), Kind::kIndefinite},
  };
}

// A^-1 b, or the shortest solution of a singular system, in extended precision.
Tensor exact_solution(const Tensor& a, const Tensor& b) {
  using Extended = Eigen::Matrix<long double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  const auto extended = [](const Tensor& t) -> Extended {
    const Tensor columns = (t.dim() == 1 ? t.unsqueeze(1) : t).contiguous();
    return Eigen::Map<const RowMajor>(columns.data_ptr<double>(), columns.size(0), columns.size(1))
        .cast<long double>();
  };
  const Eigen::SelfAdjointEigenSolver<Extended> eigen(extended(a));
  const auto& l = eigen.eigenvalues();
  Extended inside = eigen.eigenvectors().transpose() * extended(b);
  for (Eigen::Index i = 0; i < l.size(); ++i) {
    const bool is_zero = std::abs(l(i)) < 1e-13L * l.cwiseAbs().maxCoeff();
    inside.row(i) *= is_zero ? 0 : 1 / l(i);
  }
  RowMajor x = (eigen.eigenvectors() * inside).cast<double>();
  return at::from_blob(x.data(), {x.rows(), x.cols()}, at::kDouble).clone().reshape(b.sizes());
}

// Column norms of a vector or matrix.
Tensor sizes(const Tensor& t) { return (t.dim() == 1 ? t.unsqueeze(1) : t).norm(2, 0); }

void expect_certificate(const Solution& solution, const Tensor& a, const Tensor& b,
                        const Tensor& truth, const CountingOperator& matrix, double column_cost) {
  const SolveReport& report = solution.report;
  ASSERT_EQ(solution.x.sizes(), b.sizes());
  EXPECT_TRUE(at::isfinite(solution.x).all().item<bool>());
  EXPECT_EQ(report.products, matrix.columns()) << "not what the operator saw";
  EXPECT_EQ(report.sample_gradients, static_cast<double>(report.products) * column_cost);
  EXPECT_FALSE(report.message.empty());
  EXPECT_FALSE(report.to_json().dump().empty());

  // The residual is the true one.
  const Tensor r = b - a.matmul(solution.x);
  const Tensor size_b = sizes(b);
  const Tensor rounding = 1e-14 * (1 + a.norm() * sizes(solution.x) / size_b.clamp_min(1e-300));
  ASSERT_EQ(static_cast<std::int64_t>(report.column_residuals.size()), size_b.numel());
  double worst = 0;
  for (std::int64_t j = 0; j < size_b.numel(); ++j) {
    const double expected =
        size_b[j].item<double>() > 0 ? (sizes(r)[j] / size_b[j]).item<double>() : 0;
    const double reported = report.column_residuals[static_cast<std::size_t>(j)];
    EXPECT_NEAR(reported, expected, rounding[j].item<double>());
    worst = std::max(worst, reported);
  }
  EXPECT_EQ(report.relative_residual, worst);

  const std::optional<double> floor = matrix.eigenvalue_floor();
  EXPECT_EQ(report.error_bound_is_rigorous, floor && *floor > 0);
  if (report.error_bound_is_rigorous) {
    ASSERT_TRUE(report.error_bound);
    EXPECT_GE(*report.error_bound, sizes(solution.x - truth).max().item<double>());
  }
  // Ritz values lie inside the spectrum; CG's, from its coefficients, up to their rounding.
  const Tensor values = at::linalg_eigvalsh(a);
  const double slack = 1e-9 * values.abs().max().item<double>();
  if (report.smallest_ritz) {
    EXPECT_GE(*report.smallest_ritz, values[0].item<double>() - slack);
    EXPECT_LE(*report.largest_ritz, values[-1].item<double>() + slack);
  }
  ASSERT_EQ(report.negative_direction.defined(), report.rayleigh_quotient.has_value());
  if (report.rayleigh_quotient) {
    const Tensor& d = report.negative_direction;
    EXPECT_NEAR(d.norm().item<double>(), 1, 1e-12);
    EXPECT_NEAR(d.dot(a.mv(d)).item<double>(), *report.rayleigh_quotient, slack);
  }
}

class EverySolver : public ::testing::TestWithParam<std::tuple<SolverInfo, Matrix>> {
 protected:
  const SolverInfo& info() const { return std::get<0>(GetParam()); }
  const Matrix& matrix() const { return std::get<1>(GetParam()); }
  std::int64_t dim() const { return matrix().values.numel(); }
  bool claims_to_solve() const {
    if (info().approximate) return matrix().is_benign;
    return matrix().kind == Kind::kDefinite ||
           (matrix().kind == Kind::kSingular ? info().singular : info().indefinite);
  }

  // Right-hand sides in the range of the matrix.
  Tensor right_hand_sides(std::int64_t columns) const {
    Generator generator(11);
    const Tensor b = generator.normal({dim(), columns}, at::kDouble);
    return matrix().kind == Kind::kSingular ? matrix().dense().mm(b) : b;
  }

  // Solves, holds the certificate against the truth, and returns what was solved.
  Solution checked(const Tensor& b, const SolverLimits& limits, bool floor_is_known) const {
    const Tensor a = matrix().dense();
    const bool has_floor = floor_is_known && matrix().kind == Kind::kDefinite;
    constexpr double kCost = 3;
    const CountingOperator counting(a, has_floor ? std::optional(matrix().floor()) : std::nullopt,
                                    kCost);
    const Generator generator(5);
    Solution solution = info()
                            .make(Settings(), limits)
                            ->solve({.matrix = counting, .b = b, .generator = &generator});
    const Tensor truth = exact_solution(a, b);
    expect_certificate(solution, a, b, truth, counting, kCost);
    if (solution.report.status == SolveStatus::kConverged) {
      EXPECT_LE(solution.report.relative_residual, limits.tolerance * (1 + 1e-6));
    }
    if (claims_to_solve() && limits.max_iterations > 100) {
      EXPECT_EQ(solution.report.status, SolveStatus::kConverged) << solution.report.message;
      EXPECT_LT((solution.x - truth).norm().item<double>(), 1e-8 * truth.norm().item<double>());
    }
    return solution;
  }
};

TEST_P(EverySolver, SolvesWhatItClaimsAndSaysHowWell) {
  const Tensor b = right_hand_sides(1).squeeze(1);
  for (const bool floor_is_known : {true, false}) {
    const Solution solution = checked(b, {matrix().tolerance, 2000}, floor_is_known);
    if (matrix().kind == Kind::kIndefinite && !info().indefinite) {
      EXPECT_EQ(solution.report.status, SolveStatus::kNegativeCurvature) << solution.report.message;
      ASSERT_TRUE(solution.report.rayleigh_quotient);
      EXPECT_LT(*solution.report.rayleigh_quotient, 0);
    }
    if (matrix().kind == Kind::kIndefinite) {
      EXPECT_LT(solution.report.rayleigh_quotient.value_or(1), 0);
    }
  }
}

// The bound holds wherever the solver was interrupted.
TEST_P(EverySolver, CertifiesWhatItReachedInAFewIterations) {
  const Tensor b = right_hand_sides(2);
  for (const std::int64_t iterations : {1, 2, 5}) {
    checked(b, {1e-12, iterations}, true);
    checked(b, {1e-12, iterations}, false);
  }
}

TEST_P(EverySolver, SolvesForManyRightHandSidesDependentAndZeroOnes) {
  Tensor b = right_hand_sides(5);
  b.select(1, 1).copy_(2 * b.select(1, 0));
  b.select(1, 2).zero_();
  b.select(1, 4).copy_(b.select(1, 0) + 1e-3 * b.select(1, 3));
  const Solution solution = checked(b, {matrix().tolerance, 2000}, true);
  EXPECT_EQ(solution.x.select(1, 2).norm().item<double>(), 0);
}

TEST_P(EverySolver, ZeroIsSolvedByZeroWithoutAProduct) {
  const CountingOperator counting(matrix().dense());
  const Generator generator(5);
  const Solution solution =
      info()
          .make(Settings(), {})
          ->solve(
              {.matrix = counting, .b = at::zeros({dim()}, at::kDouble), .generator = &generator});
  EXPECT_EQ(solution.report.status, SolveStatus::kConverged);
  EXPECT_EQ(solution.x.norm().item<double>(), 0);
  EXPECT_EQ(counting.columns(), 0);
}

TEST_P(EverySolver, TheSameGeneratorGivesTheSameBits) {
  const DenseOperator dense(matrix().dense());
  const Generator generator(5);
  const auto solver = info().make(Settings(), {});
  const SolveProblem problem{.matrix = dense, .b = right_hand_sides(2), .generator = &generator};
  EXPECT_TRUE(at::equal(solver->solve(problem).x, solver->solve(problem).x));
}

INSTANTIATE_TEST_SUITE_P(Builtin, EverySolver,
                         ::testing::Combine(::testing::ValuesIn(builtin_solvers().entries()),
                                            ::testing::ValuesIn(matrices())),
                         [](const auto& tested) {
                           return std::get<0>(tested.param).name + "_" +
                                  std::get<1>(tested.param).name;
                         });

// What does not depend on the spectrum.
class EachSolver : public ::testing::TestWithParam<SolverInfo> {
 protected:
  static Solution solve(const Tensor& a, const Tensor& b, std::function<bool()> stop = {}) {
    const DenseOperator matrix(a);
    const Generator generator(5);
    return GetParam()
        .make(Settings(), {})
        ->solve({.matrix = matrix, .b = b, .generator = &generator, .stop = std::move(stop)});
  }
};

TEST_P(EachSolver, NonFiniteProductsAreAStatus) {
  for (const double value : {kNan, std::numeric_limits<double>::infinity()}) {
    const Solution solution =
        solve(at::full({4, 4}, value, at::kDouble), at::ones({4}, at::kDouble));
    EXPECT_EQ(solution.report.status, SolveStatus::kNonFinite) << solution.report.message;
    EXPECT_TRUE(at::isfinite(solution.x).all().item<bool>());
    EXPECT_FALSE(solution.report.error_bound);
  }
}

// One entry of one product: the iterate before it is sound.
TEST_P(EachSolver, ANonFiniteEntryIsAStatus) {
  Tensor a = matrix_with(log_spaced(1, 2, 6));
  a[3][3] = kNan;
  const Solution solution = solve(a, at::ones({6}, at::kDouble));
  EXPECT_EQ(solution.report.status, SolveStatus::kNonFinite) << solution.report.message;
}

TEST_P(EachSolver, NonFiniteRightHandSidesAreAStatus) {
  for (const double value : {kNan, std::numeric_limits<double>::infinity()}) {
    Tensor b = at::ones({4, 2}, at::kDouble);
    b[1][1] = value;
    const Solution solution = solve(at::eye(4, at::kDouble), b);
    EXPECT_EQ(solution.report.status, SolveStatus::kNonFinite);
    EXPECT_EQ(solution.x.norm().item<double>(), 0);
    EXPECT_EQ(solution.report.products, 0);
    EXPECT_THAT(solution.report.message, HasSubstr("right-hand side is not finite"));
  }
}

TEST_P(EachSolver, StopsWhenAsked) {
  const Solution solution =
      solve(matrix_with(log_spaced(1, 9, 6)), at::ones({6}, at::kDouble), [] { return true; });
  // Nystroem's approximation is one product: it has nothing to stop.
  EXPECT_THAT(solution.report.status,
              AnyOf(SolveStatus::kStopped, SolveStatus::kConverged, SolveStatus::kMaxIterations));
  if (GetParam().name != "nystroem") {
    EXPECT_EQ(solution.report.status, SolveStatus::kStopped);
  }
}

TEST_P(EachSolver, ARightHandSideOutOfRangeIsNotCalledSolved) {
  const Solution solution =
      solve(matrix_with(at::tensor({2.0, 1.0, 0.0, 0.0}, at::kDouble)), at::ones({4}, at::kDouble));
  EXPECT_NE(solution.report.status, SolveStatus::kConverged) << solution.report.message;
  EXPECT_TRUE(at::isfinite(solution.x).all().item<bool>());
}

TEST_P(EachSolver, TheZeroMatrixSolvesNothing) {
  const Solution solution = solve(at::zeros({3, 3}, at::kDouble), at::ones({3}, at::kDouble));
  EXPECT_NE(solution.report.status, SolveStatus::kConverged) << solution.report.message;
  EXPECT_TRUE(at::isfinite(solution.x).all().item<bool>());
}

TEST_P(EachSolver, ScaleDoesNotMatter) {
  const Tensor a = matrix_with(log_spaced(1, 3, 6));
  for (const double scale : {1e-30, 1e30}) {
    for (const double size : {1e-30, 1e30}) {
      const Tensor b = size * at::ones({6}, at::kDouble);
      const Solution solution = solve(scale * a, b);
      EXPECT_EQ(solution.report.status, SolveStatus::kConverged)
          << scale << " " << size << " " << solution.report.message;
    }
  }
}

TEST_P(EachSolver, ShapesMustFit) {
  EXPECT_ERROR(ErrorKind::kUsage, solve(at::eye(3, at::kDouble), at::ones({4}, at::kDouble)),
               HasSubstr("[3]"));
  EXPECT_ERROR(ErrorKind::kUsage, solve(at::eye(3, at::kDouble), at::ones({3}, at::kFloat)),
               HasSubstr("float64"));
}

TEST_P(EachSolver, SaysWhenItNeedsAGenerator) {
  const DenseOperator matrix(at::eye(3, at::kDouble));
  const auto solver = GetParam().make(Settings(), {});
  const auto run = [&] { solver->solve({matrix, at::ones({3}, at::kDouble)}); };
  if (GetParam().needs_generator) {
    EXPECT_ERROR(ErrorKind::kUsage, run(), HasSubstr("generator"));
  } else {
    EXPECT_NO_THROW(run());
  }
}

TEST_P(EachSolver, DescribesItself) {
  EXPECT_FALSE(GetParam().summary.empty());
  EXPECT_FALSE(GetParam().reference.empty());
  const Settings settings = Settings::describing();
  const SolverLimits limits = SolverLimits::read(settings);
  EXPECT_EQ(limits.tolerance, 1e-6);
  EXPECT_NO_THROW(GetParam().make(settings, limits));
  for (const SettingsDeclaration& declaration : settings.declarations()) {
    EXPECT_FALSE(declaration.doc.empty()) << declaration.key;
  }
}

INSTANTIATE_TEST_SUITE_P(Builtin, EachSolver, ::testing::ValuesIn(builtin_solvers().entries()),
                         [](const auto& tested) { return tested.param.name; });

TEST(Solvers, EverySourceHasALineInTheDefFile) {
  std::set<std::string> sources;
  for (const auto& entry : std::filesystem::directory_iterator(
           std::filesystem::path(OUBLI_SOURCE_DIR) / "core" / "solve" / "solvers")) {
    const std::string name = entry.path().stem().string();
    if (entry.path().extension() == ".cpp" && name != "builtin") sources.insert(name);
  }
  const std::vector<std::string> names = builtin_solvers().names();
  EXPECT_EQ(sources, std::set<std::string>(names.begin(), names.end()));
}

}  // namespace
}  // namespace oubli
