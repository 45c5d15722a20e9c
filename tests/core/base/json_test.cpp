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

}  // namespace
}  // namespace oubli
