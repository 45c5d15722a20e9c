#include "core/data/row_places.h"

#include <gtest/gtest.h>

namespace oubli {
namespace {

TEST(RowPlaces, RowsOfASecondFileStandBehind) {
  const RowPlaces both{"a.csv", "b.csv", 2, {2, 3, 2, 5}};
  EXPECT_EQ(both.text(1), "a.csv:3");
  EXPECT_EQ(both.text(3), "b.csv:5");
  EXPECT_FALSE(both.is_of_test_file(1));
  EXPECT_TRUE(both.is_of_test_file(2));
  const RowPlaces one{"a.csv", "", 0, {2, 3}};
  EXPECT_FALSE(one.is_of_test_file(1));
}

}  // namespace
}  // namespace oubli
