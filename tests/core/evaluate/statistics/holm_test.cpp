#include "core/evaluate/statistics/holm.h"

#include <gtest/gtest.h>

#include <cmath>

#include "core/base/error.h"
#include "tests/support/golden_statistics.h"

namespace oubli {
namespace {

TEST(Holm, AgreesWithTheClosedForm) {
  for (const auto& row : golden_statistics("holm")) {
    const std::vector<double> adjusted = holm_adjusted(row.at("p"));
    const std::vector<double> expected = row.at("adjusted");
    ASSERT_EQ(adjusted.size(), expected.size());
    for (std::size_t i = 0; i < adjusted.size(); ++i) expect_close(adjusted[i], expected[i]);
  }
}

TEST(Holm, HandExample) {
  // Sorted 0.01, 0.03, 0.04: times 3, 2, 1, made monotone.
  const std::vector<double> adjusted = holm_adjusted({0.04, 0.01, 0.03});
  EXPECT_DOUBLE_EQ(adjusted[0], 0.06);
  EXPECT_DOUBLE_EQ(adjusted[1], 0.03);
  EXPECT_DOUBLE_EQ(adjusted[2], 0.06);
}

TEST(Holm, RefusesWhatIsNoProbability) {
  EXPECT_THROW(holm_adjusted({1.5}), Error);
  EXPECT_THROW(holm_adjusted({std::nan("")}), Error);
}

}  // namespace
}  // namespace oubli
