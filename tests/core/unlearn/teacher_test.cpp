#include "core/unlearn/teacher.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "tests/support/expect_error.h"

namespace oubli {
namespace {

const Objective kClasses{LossKind::kCrossEntropy, 0};

TEST(Divergence, OfSequencesIsTheMeanWhereSomethingIsAsked) {
  Generator generator(1);
  const Tensor given = generator.normal({2, 3, 5}, at::kDouble);
  const Tensor outputs = generator.normal({2, 3, 5}, at::kDouble);
  const Tensor targets = at::tensor({4, 0, -1, -1, 2, 1}, at::kLong).view({2, 3});
  const Tensor found = divergence(kClasses, given, outputs, 2, targets);
  const auto at = [&](std::int64_t i, std::int64_t t) {
    return divergence(kClasses, given[i][t].unsqueeze(0), outputs[i][t].unsqueeze(0), 2)[0];
  };
  EXPECT_NEAR(found[0].item<double>(), ((at(0, 0) + at(0, 1)) / 2).item<double>(), 1e-15);
  EXPECT_NEAR(found[1].item<double>(), ((at(1, 1) + at(1, 2)) / 2).item<double>(), 1e-15);
  EXPECT_EQ(divergence(kClasses, given, given, 2, targets).abs().max().item<double>(), 0);
}

TEST(Divergence, OfSequencesAsksWhereTheyAsk) {
  const Tensor scores = at::zeros({2, 3, 5}, at::kDouble);
  EXPECT_ERROR(ErrorKind::kUsage, divergence(kClasses, scores, scores),
               ::testing::HasSubstr("where they ask"));
}

}  // namespace
}  // namespace oubli
