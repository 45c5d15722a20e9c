#include "core/solve/inverse_operator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/expect_error.h"
#include "tests/support/operators.h"

namespace oubli {
namespace {

using ::testing::HasSubstr;
using testing::log_spaced;
using testing::matrix_with;

TEST(InverseOperator, IsTheInverse) {
  const Tensor a = matrix_with(log_spaced(0.1, 10, 12));
  std::int64_t products = 0;
  const OperatorPtr inverse = inverse_by(
      std::make_shared<DenseOperator>(a), make_solver("cg", {.tolerance = 1e-13}), nullptr,
      Generator(0), [&](const SolveReport& report) { products += report.products; });
  EXPECT_LT((inverse->as_dense().mm(a) - at::eye(12, at::kDouble)).norm().item<double>(), 1e-10);
  EXPECT_GE(products, 12);
}

TEST(InverseOperator, AProductThatDidNotConvergeIsAnError) {
  const Tensor a = matrix_with(log_spaced(1e-4, 1, 12));
  const OperatorPtr inverse =
      inverse_by(std::make_shared<DenseOperator>(a),
                 make_solver("cg", {.tolerance = 1e-9, .max_iterations = 2}));
  EXPECT_ERROR(ErrorKind::kNumerics, inverse->apply(at::ones({12, 1}, at::kDouble)),
               HasSubstr("max_iterations"));
}

}  // namespace
}  // namespace oubli
