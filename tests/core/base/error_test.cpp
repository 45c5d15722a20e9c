#include "core/base/error.h"

#include <gtest/gtest.h>

namespace oubli {
namespace {

TEST(NearestName, FindsAPlausibleMisspelling) {
  const std::vector<std::string> names = {"finetune", "fisher", "newton"};
  EXPECT_EQ(nearest_name("finetnue", names), "finetune");
  EXPECT_EQ(nearest_name("newtown", names), "newton");
  EXPECT_EQ(nearest_name("fishre", names), "fisher");
}

TEST(NearestName, IsFoundByItsSoundAndByItsBeginning) {
  const std::vector<std::string> names = {"alpha", "epochs", "neggrad_plus", "neg_merge"};
  EXPECT_EQ(nearest_name("alfa", names), "alpha");
  EXPECT_EQ(nearest_name("neggrad+", names), "neggrad_plus");
  EXPECT_EQ(nearest_name("NegGrad", names), "neggrad_plus");
  EXPECT_EQ(nearest_name("number_of_epochs", names), "");
  EXPECT_EQ(nearest_name("fisher", {"fisher_forgetting", "finetune"}), "fisher_forgetting");
}

TEST(NearestName, IsEmptyWhereNothingIsNear) {
  EXPECT_EQ(nearest_name("scrub", {"finetune", "newton"}), "");
  EXPECT_EQ(nearest_name("newton", {}), "");
}

TEST(UnknownNameMessage, NamesTheNearestAndAllValidOnes) {
  EXPECT_EQ(unknown_name_message("method", "newtn", {"finetune", "newton"}),
            "unknown method 'newtn'; did you mean 'newton'? Valid: finetune, newton.");
  EXPECT_EQ(unknown_name_message("method", "zzzz", {"finetune", "newton"}),
            "unknown method 'zzzz'. Valid: finetune, newton.");
  EXPECT_EQ(unknown_name_message("key", "x", {}), "unknown key 'x'. Valid: none.");
}

TEST(OriginText, LeavesOutALineThatIsNotThere) {
  EXPECT_EQ((Origin{"a.yaml", 3, 7}.text()), "a.yaml:3:7");
  EXPECT_EQ((Origin{"--set a=1", 0, 0}.text()), "--set a=1");
  EXPECT_EQ(Origin{}.text(), "");
}

}  // namespace
}  // namespace oubli
