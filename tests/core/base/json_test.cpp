#include "core/base/json.h"

#include <gtest/gtest.h>

#include <string>

namespace oubli {
namespace {

TEST(ParseJson, RefusesWhatWouldBringTheProgramDown) {
  EXPECT_EQ(parse_json(R"({"b": 1, "a": "]{"})").dump(), R"({"b":1,"a":"]{"})");
  EXPECT_TRUE(parse_json("{").is_discarded());
  EXPECT_TRUE(parse_json(std::string(300'000, '[') + std::string(300'000, ']')).is_discarded());
  std::string map = "{";
  for (int i = 0; i < 300'000; ++i) map += "\"k" + std::to_string(i) + "\":1,";
  map.back() = '}';
  EXPECT_TRUE(parse_json(map).is_discarded());
}

// The library would make 2 of 2.5, and anything at all of 1e300.
TEST(WholeNumber, IsWhatItSays) {
  EXPECT_EQ(whole_number(Json::parse("-7")), -7);
  EXPECT_EQ(whole_number(Json::parse("9007199254740992")), std::int64_t{1} << 53);
  EXPECT_EQ(whole_number(Json::parse("3.0")), 3);
  for (const char* other :
       {"2.5", "1e300", "-1e300", "18446744073709551615", "\"1\"", "null", "[1]"}) {
    EXPECT_THROW(whole_number(Json::parse(other)), Json::type_error) << other;
  }
}

}  // namespace
}  // namespace oubli
