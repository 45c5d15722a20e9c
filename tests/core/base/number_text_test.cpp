#include "core/base/number_text.h"

#include <gmock/gmock.h>

namespace oubli {
namespace {

TEST(NumberIn, IsTheWholeTextOrNothing) {
  EXPECT_EQ(number_in<double>("-2.5e1"), -25.0);
  EXPECT_EQ(number_in<std::int64_t>("9007199254740993"), 9007199254740993);
  for (const char* none : {"", " 1", "1 ", "1,5", "+1", "0x10", "one", "1.5.2"}) {
    EXPECT_EQ(number_in<double>(none), std::nullopt) << none;
  }
  EXPECT_EQ(number_in<int>("1.5"), std::nullopt);
  EXPECT_EQ(number_in<int>("99999999999"), std::nullopt);
  EXPECT_EQ(number_in<double>("1e999"), std::nullopt);
}

}  // namespace
}  // namespace oubli
