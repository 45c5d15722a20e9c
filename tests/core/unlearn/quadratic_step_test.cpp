#include "core/unlearn/quadratic_step.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "experiments/selftest/problems.h"

namespace oubli {
namespace {

using ::testing::HasSubstr;

// A step of 1 along the first parameter, by a curvature of 1: q = descent - 1/2.
class QuadraticStep : public ::testing::Test {
 protected:
  QuadraticStep() { model_.set_theta(at::zeros({model_.dim()}, at::kDouble)); }

  Tensor along_first(double length) const {
    Tensor v = at::zeros({model_.dim()}, at::kDouble);
    v[0] = length;
    return v;
  }
  // F rises by `rise` from 5.
  StepOutcome take(double descent, double rise) {
    solution_.x = along_first(1);
    solution_.residual = along_first(0);
    const StepStart start{5, along_first(descent)};
    return take_step(model_, solution_, along_first(1), 1, start, [&] { return 5 + rise; });
  }
  bool has_moved() const { return model_.theta()[0].item<double>() == 1; }

  std::shared_ptr<const Dataset> data_ = testing::make_dataset(10, 2, 2);
  Model model_ = testing::make_model("logistic", "{}", *data_);
  Solution solution_;
};

TEST_F(QuadraticStep, OfNewtonsMayRiseByWhatItWasToFall) {
  const StepOutcome good = take(1, -0.4);
  EXPECT_TRUE(good.is_taken && has_moved());
  EXPECT_FALSE(good.rises);
  EXPECT_NEAR(good.ratio.value(), 0.8, 1e-12);
  const StepOutcome risen = take(1, 0.4);
  EXPECT_TRUE(risen.is_taken);
  EXPECT_TRUE(risen.rises);
}

TEST_F(QuadraticStep, IsTakenBackWhereItRisesByMore) {
  const StepOutcome outcome = take(1, 0.6);
  EXPECT_FALSE(outcome.is_taken);
  EXPECT_FALSE(has_moved());
  EXPECT_THAT(outcome.message, HasSubstr("rises by 0.6 where a fall of 0.5 was predicted"));
}

// Terms of 1/2 each: a thousandth more or less says nothing.
TEST_F(QuadraticStep, WhosePredictionIsNothingMayDoALittle) {
  const StepOutcome outcome = take(0.5, 1e-3);
  EXPECT_TRUE(outcome.is_taken && has_moved());
  EXPECT_FALSE(outcome.rises);
  EXPECT_FALSE(outcome.ratio.has_value());
  EXPECT_FALSE(take(0.5, 1.5).is_taken);
}

// As from a start that is no minimum, whose own gradient the step leaves alone.
TEST_F(QuadraticStep, MayRiseAsPredicted) {
  const StepOutcome outcome = take(-1, 1.5);
  EXPECT_TRUE(outcome.is_taken);
  EXPECT_FALSE(outcome.rises);
  EXPECT_FALSE(take(-1, 5).is_taken);
}

TEST_F(QuadraticStep, OfARefusedSolveOrWithoutAnObjectiveIsNotTaken) {
  EXPECT_FALSE(take(1, std::numeric_limits<double>::quiet_NaN()).is_taken);
  EXPECT_FALSE(has_moved());
  solution_.report.refusal = "no solution";
  const StepOutcome outcome = take(1, -0.5);
  EXPECT_FALSE(outcome.is_taken);
  EXPECT_THAT(outcome.message, HasSubstr("no solution"));
}

}  // namespace
}  // namespace oubli
