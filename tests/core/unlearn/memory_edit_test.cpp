#include "core/unlearn/memory_edit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace oubli {
namespace {

using ::testing::ElementsAre;

TEST(DefaultLayers, EndWhereTheTokenThatIsEditedHasWhatIsAsked) {
  const auto one = [](std::int64_t layers, EditedToken token) {
    return default_layers(layers, token, /*several=*/false);
  };
  EXPECT_THAT(one(1, EditedToken::kSubject), ElementsAre(0));
  EXPECT_THAT(one(2, EditedToken::kSubject), ElementsAre(0));
  EXPECT_THAT(one(48, EditedToken::kSubject), ElementsAre(16));
  EXPECT_THAT(one(2, EditedToken::kAnswer), ElementsAre(1));
  EXPECT_THAT(one(4, EditedToken::kAnswer), ElementsAre(2));
  EXPECT_THAT(one(32, EditedToken::kAnswer), ElementsAre(22));
}

TEST(DefaultLayers, AreAFifthOfAllAndFiveAtMost) {
  const auto several = [](std::int64_t layers) {
    return default_layers(layers, EditedToken::kSubject, /*several=*/true);
  };
  EXPECT_THAT(several(2), ElementsAre(0));
  EXPECT_THAT(several(4), ElementsAre(1));
  EXPECT_THAT(several(12), ElementsAre(3, 4));
  EXPECT_THAT(several(48), ElementsAre(12, 13, 14, 15, 16));
}

}  // namespace
}  // namespace oubli
