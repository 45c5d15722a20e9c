#include "experiments/engine/report/cell_text.h"

#include <gtest/gtest.h>

#include <limits>

namespace oubli {
namespace {

TEST(CellText, ShowsTheIntervalWithTwoDigitsAndNoneWhereThereIsNone) {
  EXPECT_EQ(cell_text({0.946, 0.0123, 3}), "0.946 ± 0.012");
  EXPECT_EQ(cell_text({123.456, 7.89, 3}), "123.5 ± 7.9");
  EXPECT_EQ(cell_text({0.5, std::nullopt, 1}), "0.5");
  EXPECT_EQ(cell_text({129300, 0, 3}), "129300 ± 0");
  EXPECT_EQ(cell_text({3.2e-11, 1e-12, 3}), "3.20e-11 ± 1.0e-12");
  EXPECT_EQ(cell_text({1e300, 1e299, 3}), "1.00e+300 ± 1.0e+299");
  EXPECT_EQ(cell_text({1e308, std::numeric_limits<double>::infinity(), 3}), "1e+308 ± inf");
  EXPECT_EQ(cell_text({1e300, std::nullopt, 1}), "1e+300");
  EXPECT_EQ(cell_text({1e300, 0.5, 3}), "1e+300 ± 0");
}

}  // namespace
}  // namespace oubli
