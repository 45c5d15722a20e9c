#include "core/evaluate/attacks/support_vectors.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "core/base/error.h"
#include "tests/support/numbers.h"

namespace oubli {
namespace {

using testing::values;

// By symmetry the boundary of two mirrored groups lies between them.
TEST(SupportVectors, SplitMirroredGroupsInTheMiddle) {
  const SupportVectorClassifier fit(values({0.8, 0.9, 1.0}), values({-0.8, -0.9, -1.0}));
  EXPECT_TRUE(fit.predicted(values({0.05, 0.5})).all().item<bool>());
  EXPECT_FALSE(fit.predicted(values({-0.05, -0.5})).any().item<bool>());
}

TEST(SupportVectors, TheGaussianKernelFindsAnIntervalThatNoThresholdDoes) {
  const SupportVectorClassifier fit(values({-0.2, 0.0, 0.1, 0.2}), values({-3, -2.5, 2.5, 3}));
  EXPECT_TRUE(fit.predicted(values({0.05})).item<bool>());
  EXPECT_FALSE(fit.predicted(values({-3.1, 3.1})).any().item<bool>());
}

TEST(SupportVectors, OutliveACopyAndRefuseWhatTheyCannotFit) {
  const auto make = [] {
    const SupportVectorClassifier fit(values({1, 2}), values({-1, -2}));
    return fit;
  };
  EXPECT_TRUE(make().predicted(values({1.5})).item<bool>());
  EXPECT_THROW(SupportVectorClassifier(values({}), values({1})), Error);
  EXPECT_THROW(SupportVectorClassifier(values({1}), values({std::nan("")})), Error);
}

}  // namespace
}  // namespace oubli
