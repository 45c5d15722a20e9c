// Hessian, Gauss-Newton and Fisher operators against their dense definitions.
#include "core/curvature/data_operator.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "core/curvature/gauss_newton.h"
#include "core/curvature/hessian.h"
#include "experiments/selftest/problems.h"
#include "tests/support/curvature.h"
#include "tests/support/expect_error.h"
#include "tests/support/numbers.h"
#include "tests/support/toy_model.h"

namespace oubli {
namespace {

using testing::all_of;
using testing::curvature_problem;
using testing::CurvatureProblem;
using ::testing::HasSubstr;
using testing::largest;
using testing::make_dataset;
using testing::make_model;

enum class Matrix { kHessian, kGgn, kEmpirical };

std::unique_ptr<DataOperator> make(Matrix matrix, const CurvatureProblem& p, CostMeter& cost,
                                   const DataOperatorOptions& options = {}) {
  switch (matrix) {
    case Matrix::kHessian:
      return std::make_unique<Hessian>(p.model, p.subset, p.objective, cost, options);
    case Matrix::kGgn:
      return std::make_unique<GaussNewton>(p.model, p.subset, p.objective, cost, options);
    case Matrix::kEmpirical:
      return std::make_unique<EmpiricalFisher>(p.model, p.subset, p.objective, cost, options);
  }
  return nullptr;
}

constexpr Matrix kAll[] = {Matrix::kHessian, Matrix::kGgn, Matrix::kEmpirical};

class DataOperators : public ::testing::TestWithParam<std::string> {
 protected:
  DataOperators() : p_(curvature_problem(GetParam())) {}

  Tensor with_l2(const Tensor& dense) const {
    return dense + p_.objective.l2 * at::eye(p_.model.dim(), at::kDouble);
  }
  void expect_is(Matrix matrix, const Tensor& expected) {
    p_.subset.weights = weights_;
    const Tensor dense = make(matrix, p_, cost_, {.batch_size = 5})->as_dense();
    EXPECT_LT(largest(dense - expected), 1e-11 * largest(expected));
    EXPECT_LT(largest(dense - dense.t()), 1e-12 * largest(dense));
  }

  CurvatureProblem p_;
  Tensor weights_ = at::linspace(0.5, 2, 13, at::kDouble);
  CostMeter cost_;
};

TEST_P(DataOperators, AreTheirDenseDefinitions) {
  p_.subset.weights = weights_;
  expect_is(Matrix::kHessian, with_l2(dense_hessian(p_)));
  expect_is(Matrix::kGgn, with_l2(dense_ggn(p_)));
  expect_is(Matrix::kEmpirical, with_l2(dense_empirical_fisher(p_)));
  if (p_.objective.loss != LossKind::kSquaredError) {
    expect_is(Matrix::kGgn, with_l2(dense_expected_fisher(p_)));
  }
}

TEST_P(DataOperators, HessianIsTheDerivativeOfTheGradient) {
  const Tensor theta = p_.model.theta().clone();
  Generator generator(3);
  const Tensor v = generator.normal({p_.model.dim()}, at::kDouble);
  const auto hessian = make(Matrix::kHessian, p_, cost_);
  const Tensor product = hessian->apply(v.unsqueeze(1)).squeeze(1);
  const auto gradient_at = [&](const Tensor& there) {
    p_.model.set_theta(there);
    return value_and_gradient(p_.model, p_.subset, p_.objective, cost_).gradient;
  };
  const double h = 1e-5;
  const Tensor quotient = (gradient_at(theta + h * v) - gradient_at(theta - h * v)) / (2 * h);
  EXPECT_LT((product - quotient).norm().item<double>(), 1e-7 * quotient.norm().item<double>());
}

TEST_P(DataOperators, DoNotDependOnBatches) {
  Generator generator(5);
  const Tensor v = generator.normal({p_.model.dim(), 2}, at::kDouble);
  p_.subset.weights = weights_;
  for (const Matrix matrix : {Matrix::kHessian, Matrix::kGgn, Matrix::kEmpirical}) {
    const Tensor whole = make(matrix, p_, cost_, {.batch_size = 13})->apply(v);
    for (const std::int64_t batch : {1, 7, 12}) {
      const Tensor cut = make(matrix, p_, cost_, {.batch_size = batch})->apply(v);
      EXPECT_LT(largest(cut - whole), 1e-12 * largest(whole));
    }
  }
}

TEST_P(DataOperators, DoNotDependOnMemory) {
  Generator generator(6);
  const Tensor v = generator.normal({p_.model.dim(), 2}, at::kDouble);
  for (const Matrix matrix : kAll) {
    const auto kept = make(matrix, p_, cost_, {.batch_size = 4});
    const Tensor expected = kept->apply(v);
    EXPECT_EQ(kept->kept_batches(), 4);
    EXPECT_GT(kept->kept_bytes(), 0);
    const auto streamed = make(matrix, p_, cost_, {.batch_size = 4, .memory = 0});
    EXPECT_TRUE(streamed->apply(v).equal(expected));
    EXPECT_TRUE(streamed->apply(v).equal(expected)) << "a second product";
    EXPECT_EQ(streamed->kept_batches(), 0);
    const auto half =
        make(matrix, p_, cost_, {.batch_size = 4, .memory = kept->kept_bytes() / 2 + 100});
    for (int i = 0; i < 2; ++i) EXPECT_TRUE(half->apply(v).equal(expected));
    EXPECT_GT(half->kept_batches(), 0);
    EXPECT_LT(half->kept_batches(), 4);
    EXPECT_TRUE(kept->apply(v).equal(expected)) << "what is kept is not changed by a product";
  }
}

// What the machine has room for changes the time that products take, and not what they cost.
TEST_P(DataOperators, CostDoesNotDependOnTheCache) {
  Generator generator(6);
  const Tensor v = generator.normal({p_.model.dim(), 2}, at::kDouble);
  CostMeter all, half;
  const auto kept = make(Matrix::kHessian, p_, all, {.batch_size = 4});
  kept->apply(v);
  const auto cramped =
      make(Matrix::kHessian, p_, half, {.batch_size = 4, .cache = kept->kept_bytes() / 2 + 100});
  cramped->apply(v);
  EXPECT_LT(cramped->kept_batches(), kept->kept_batches());
  EXPECT_EQ(all.sample_gradients(), half.sample_gradients());
  EXPECT_TRUE(cramped->apply(v).equal(kept->apply(v)));
  EXPECT_EQ(all.sample_gradients(), half.sample_gradients()) << "a second product";
  const auto streamed =
      make(Matrix::kHessian, p_, half, {.batch_size = 4, .memory = kept->kept_bytes() / 2 + 100});
  const double before = half.sample_gradients();
  streamed->apply(v);
  streamed->apply(v);
  EXPECT_GT(half.sample_gradients() - before, all.sample_gradients()) << "memory is asked for";
}

TEST_P(DataOperators, ColumnsAreSingleProducts) {
  Generator generator(7);
  const Tensor v = generator.normal({p_.model.dim(), 3}, at::kDouble);
  for (const Matrix matrix : kAll) {
    const auto op = make(matrix, p_, cost_);
    const Tensor pooled = op->apply(v);
    for (std::int64_t k = 0; k < 3; ++k) {
      EXPECT_TRUE(op->apply(v.narrow(1, k, 1)).equal(pooled.narrow(1, k, 1)));
    }
  }
}

TEST_P(DataOperators, FloorsHold) {
  for (const Matrix matrix : kAll) {
    const auto op = make(matrix, p_, cost_);
    const std::optional<double> floor = op->eigenvalue_floor();
    EXPECT_EQ(floor.has_value(), matrix != Matrix::kHessian);
    if (!floor) continue;
    EXPECT_EQ(*floor, p_.objective.l2);
    EXPECT_GE(at::linalg_eigvalsh(op->as_dense()).min().item<double>(), *floor - 1e-12);
  }
}

INSTANTIATE_TEST_SUITE_P(Problems, DataOperators,
                         ::testing::ValuesIn(testing::curvature_problem_names()),
                         [](const auto& each) { return each.param; });

TEST(DataOperator, CostIsCountedInThirdsOfAGradient) {
  const CurvatureProblem p = curvature_problem("mlp", 12);
  CostMeter hessian_cost, ggn_cost;
  const Tensor v = at::ones({p.model.dim(), 3}, at::kDouble);
  const auto hessian = make(Matrix::kHessian, p, hessian_cost);
  hessian->apply(v);
  EXPECT_NEAR(hessian_cost.sample_gradients(), 12 * (1 + 3 * 2), 1e-9);  // linearised, 3 columns
  hessian->apply(v);
  EXPECT_NEAR(hessian_cost.sample_gradients(), 12 * (1 + 6 * 2), 1e-9);  // kept
  EXPECT_NEAR(hessian->column_cost(), 12 * 2, 1e-9);
  const auto ggn = make(Matrix::kGgn, p, ggn_cost, {.batch_size = 5, .memory = 0});
  ggn->apply(v);
  ggn->apply(v);
  EXPECT_NEAR(ggn_cost.sample_gradients(), 12 * 2 * (1 + 3 * 4) / 3.0, 1e-9);  // streamed twice
}

TEST(DataOperator, SumOfForgetAndAllIsRetain) {
  CurvatureProblem p = curvature_problem("mlp", 20);
  CostMeter cost;
  const auto on = [&](std::int64_t begin, std::int64_t count) {
    const Subset part = p.subset.with_rows(p.subset.rows.narrow(0, begin, count));
    return Hessian(p.model, part, p.objective, cost).as_dense();
  };
  EXPECT_LT(largest(20 * on(0, 20) - 5 * on(0, 5) - 15 * on(5, 15)), 1e-12);
}

TEST(DataOperator, IsThatOfTheThetaAtItsConstruction) {
  CurvatureProblem p = curvature_problem("mlp");
  CostMeter cost;
  const auto before = make(Matrix::kHessian, p, cost);
  const Tensor expected = before->as_dense();
  const auto late = make(Matrix::kHessian, p, cost);
  p.model.set_theta(at::zeros({p.model.dim()}, at::kDouble));
  EXPECT_TRUE(before->as_dense().equal(expected));
  EXPECT_TRUE(late->as_dense().equal(expected));
}

TEST(DataOperator, MatricesOfLinearModelsAgree) {
  for (const char* name : {"logistic", "linear"}) {
    const CurvatureProblem p = curvature_problem(name);
    CostMeter cost;
    const Tensor h = make(Matrix::kHessian, p, cost)->as_dense();
    const Tensor g = make(Matrix::kGgn, p, cost)->as_dense();
    EXPECT_LT(largest(h - g), 1e-13);
    const Tensor e = make(Matrix::kEmpirical, p, cost)->as_dense();
    EXPECT_GT(largest(e - g), 0.01) << "the empirical Fisher is another matrix";
  }
}

TEST(DataOperator, RidgeHessianInClosedForm) {
  const auto data = make_dataset(30, 4, 0);
  const Model model = make_model("linear", "{bias: false}", *data);
  CostMeter cost;
  const Tensor expected = data->inputs.t().mm(data->inputs) / 30 + 0.3 * at::eye(4, at::kDouble);
  const Hessian hessian(model, all_of(data), {LossKind::kSquaredError, 0.3}, cost);
  EXPECT_LT(largest(hessian.as_dense() - expected), 1e-13);
}

TEST(DataOperator, SoftmaxHessianInClosedForm) {
  const auto data = make_dataset(30, 4, 3);
  const Model model = make_model("logistic", "{bias: false}", *data);
  CostMeter cost;
  Tensor expected = at::zeros({12, 12}, at::kDouble);
  for (std::int64_t i = 0; i < 30; ++i) {
    const Tensor p = model.forward(data->inputs.narrow(0, i, 1)).detach().softmax(1)[0];
    const Tensor x = data->inputs[i];
    expected += at::kron(p.diag() - at::outer(p, p), at::outer(x, x)) / 30;
  }
  const Hessian hessian(model, all_of(data), {LossKind::kCrossEntropy, 0}, cost);
  EXPECT_LT(largest(hessian.as_dense() - expected), 1e-14);
}

TEST(DataOperator, NonFiniteModelsAreRefused) {
  CurvatureProblem p = curvature_problem("logistic");
  p.model.set_theta(at::full({p.model.dim()}, 1e308, at::kDouble));
  CostMeter cost;
  const auto hessian = make(Matrix::kHessian, p, cost);
  EXPECT_ERROR(ErrorKind::kNumerics, hessian->apply(at::ones({p.model.dim(), 1}, at::kDouble)),
               HasSubstr("not finite"));
}

TEST(DataOperator, NonFiniteVectorsAreRefused) {
  const CurvatureProblem p = curvature_problem("logistic");
  CostMeter cost;
  const auto hessian = make(Matrix::kHessian, p, cost);
  EXPECT_ERROR(ErrorKind::kNumerics,
               hessian->apply(at::full({p.model.dim(), 1}, INFINITY, at::kDouble)),
               HasSubstr("not finite"));
}

TEST(DataOperator, EmptySetsAreRefused) {
  CurvatureProblem p = curvature_problem("logistic");
  p.subset = p.subset.with_rows(at::empty({0}, at::kLong));
  CostMeter cost;
  EXPECT_ERROR(ErrorKind::kUsage, make(Matrix::kGgn, p, cost), HasSubstr("empty set"));
}

TEST(DataOperator, PassesThatDoNotRepeatThemselvesAreRefused) {
  struct Noise : Layer {
    Tensor forward(const Tensor& input, ForwardPass&) const override {
      return input + 0.01 * static_cast<double>(++calls);
    }
    mutable int calls = 0;
  };
  CurvatureProblem p = curvature_problem("logistic");
  const Model model = testing::toy_model([](Sequential& net, ParameterTable& table) {
    net.add<Linear>(table, "fc", 4, 3);
    net.add<Noise>();
  });
  CostMeter cost;
  const GaussNewton ggn(model, p.subset, p.objective, cost);
  EXPECT_ERROR(ErrorKind::kNumerics, ggn.apply(at::ones({model.dim(), 1}, at::kDouble)),
               HasSubstr("repeats itself"));
}

}  // namespace
}  // namespace oubli
