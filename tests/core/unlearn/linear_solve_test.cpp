#include "core/unlearn/linear_solve.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include "core/curvature/hessian.h"
#include "tests/support/planned_original.h"

namespace oubli {
namespace {

// More examples than one block holds, and no whole number of blocks.
constexpr std::int64_t kExamples = 1100;

class LinearSolveTest : public ::testing::TestWithParam<LossKind> {
 protected:
  LinearSolveTest()
      : data_(testing::make_dataset(kExamples, 5, classes_of(GetParam()))),
        all_(testing::all_of(data_)),
        objective_{GetParam(), 0.05},
        model_(testing::linear_model(*data_, GetParam())) {
    Generator draw(3);
    model_.set_theta(draw.normal({model_.dim()}, at::kDouble));
    weights_ = *LinearWeights::of(model_);
    b_ = weights_.matrix(draw.normal({model_.dim()}, at::kDouble));
  }

  static std::int64_t classes_of(LossKind loss) {
    if (loss == LossKind::kSquaredError) return 0;
    return loss == LossKind::kOneAgainstRest ? 3 : 2;
  }
  LinearHessian hessian() const {
    return {weights_, weights_.matrix(model_.theta()), all_, objective_};
  }
  // By the curvature engine, over parameters as they lie in theta.
  Tensor dense() {
    return Hessian(model_, all_, objective_, cost_).as_dense() * static_cast<double>(kExamples);
  }
  Tensor relative(const Tensor& error, const Tensor& to) const { return error.norm() / to.norm(); }

  std::shared_ptr<const Dataset> data_;
  Subset all_;
  Objective objective_;
  Model model_;
  LinearWeights weights_;
  Tensor b_;
  CostMeter cost_;
};

TEST_P(LinearSolveTest, ImagesAreThoseOfTheHessian) {
  const LinearHessian::Image image = hessian().image(b_);
  const Tensor expected = weights_.matrix(dense().matmul(weights_.flat(b_)));
  EXPECT_LT(relative(image.product - expected, expected).item<double>(), 1e-13);
  const Tensor x = weights_.inputs(all_.batch(0, kExamples, at::kDouble).inputs);
  EXPECT_LT(relative(image.along - x.matmul(b_), image.along).item<double>(), 1e-14);
  const Tensor column = b_.t().reshape({-1, 1});
  const Tensor applied = hessian().apply(column).view({b_.size(1), b_.size(0)}).t();
  EXPECT_LT(relative(applied - expected, expected).item<double>(), 1e-13);
}

TEST_P(LinearSolveTest, AnImageHasTheSameBitsWithMoreThreads) {
  const int before = at::get_num_threads();
  const LinearHessian::Image one = hessian().image(b_);
  at::set_num_threads(3);
  const LinearHessian::Image three = hessian().image(b_);
  at::set_num_threads(before);
  EXPECT_TRUE(one.product.equal(three.product));
  EXPECT_TRUE(one.along.equal(three.along));
}

TEST_P(LinearSolveTest, TheInverseSolvesInOnePass) {
  const LinearSolution solution =
      solve_near(hessian(), b_, BlockOperator(inverse_of_blocks(hessian().blocks())), 1e-10);
  EXPECT_EQ(solution.passes, 1);
  const Tensor expected = weights_.matrix(at::linalg_solve(dense(), weights_.flat(b_)));
  EXPECT_LT(relative(solution.step - expected, expected).item<double>(), 1e-11);
}

// An inverse that is wrong by a tenth leaves a tenth of what was left, and says so.
TEST_P(LinearSolveTest, EachPassCorrectsWhatIsLeft) {
  const BlockOperator near(inverse_of_blocks(hessian().blocks()), 0.9);
  for (const auto& [tolerance, passes] :
       {std::pair(0.11, 1), std::pair(0.011, 2), std::pair(0.0011, 3)}) {
    const LinearSolution solution = solve_near(hessian(), b_, near, tolerance);
    EXPECT_EQ(solution.passes, passes);
    const double left = (b_ - hessian().image(solution.step).product).norm().item<double>();
    EXPECT_NEAR(solution.left, left, 1e-12 * b_.norm().item<double>());
    EXPECT_LE(left, tolerance * b_.norm().item<double>());
  }
}

TEST_P(LinearSolveTest, ConjugateGradientsGoOnBehindAPoorInverse) {
  const std::int64_t d = b_.size(0);
  const Tensor poor = at::eye(d, at::kDouble).expand({b_.size(1), d, d}) / 1e4;
  const LinearSolution solution = solve_near(hessian(), b_, BlockOperator(poor.contiguous()), 1e-9);
  EXPECT_GT(solution.passes, 3);
  EXPECT_LE(solution.left, 1.01e-9 * b_.norm().item<double>());
}

INSTANTIATE_TEST_SUITE_P(Losses, LinearSolveTest,
                         ::testing::Values(LossKind::kBinaryLogistic, LossKind::kOneAgainstRest,
                                           LossKind::kSquaredError));

}  // namespace
}  // namespace oubli
