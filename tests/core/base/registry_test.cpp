#include "core/base/registry.h"

#include <gtest/gtest.h>

#include "tests/support/expect_error.h"

namespace oubli {
namespace {

using ::testing::ElementsAre;
using ::testing::StrEq;

struct Thing {
  std::string name;
  int value = 0;
};

Registry<Thing> two_things() {
  Registry<Thing> registry("thing");
  registry.add({"apple", 1});
  registry.add({"pear", 2});
  return registry;
}

TEST(Registry, FindsWhatWasAdded) {
  const Registry<Thing> registry = two_things();
  EXPECT_EQ(registry.find("pear").value, 2);
  EXPECT_TRUE(registry.contains("apple"));
  EXPECT_FALSE(registry.contains("plum"));
  EXPECT_THAT(registry.names(), ElementsAre("apple", "pear"));
}

TEST(Registry, RefusesATakenName) {
  Registry<Thing> registry = two_things();
  EXPECT_ERROR(ErrorKind::kUsage, registry.add({"apple", 3}),
               StrEq("two entries for the thing 'apple'"));
}

TEST(Registry, AnUnknownNameIsAnErrorAtItsOrigin) {
  EXPECT_ERROR(ErrorKind::kSettings, two_things().find("aple", {"x.yaml", 2, 5}),
               StrEq("x.yaml:2:5: unknown thing 'aple'; did you mean 'apple'? Valid: apple, "
                     "pear."));
}

}  // namespace
}  // namespace oubli
