#include "datasets/language/token_text.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include "core/base/error.h"
#include "datasets/language/vocabulary.h"
#include "tests/support/expect_error.h"

namespace oubli {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

Dataset with_tokens(std::vector<std::string> names) {
  Dataset data;
  data.class_names = std::move(names);
  return data;
}

const Dataset kWords = with_tokens({Vocabulary::kEndText, "Lea", "lives", "."});
const Dataset kCharacters = with_tokens({Vocabulary::kEndText, "a", "\u00eb", " "});

Tensor tokens(std::vector<std::int64_t> numbers) { return at::tensor(numbers, at::kLong); }

TEST(TokenText, HasBlanksBetweenWordsAndNoneBetweenCharacters) {
  EXPECT_TRUE(is_of_characters(kCharacters));
  EXPECT_FALSE(is_of_characters(kWords));
  EXPECT_FALSE(is_of_characters(Dataset{}));
  EXPECT_EQ(token_text(kWords, tokens({1, 2, 3})), "Lea lives .");
  EXPECT_EQ(token_text(kCharacters, tokens({1, 3, 2})), "a \u00eb");
  EXPECT_EQ(token_text(kWords, tokens({kNoTarget, 2, kNoTarget})), "lives");
  EXPECT_EQ(token_text(Dataset{}, tokens({4, 2})), "4 2");
  EXPECT_EQ(token_text(kWords, tokens({1, 2}).to(at::kInt)), "Lea lives");
}

TEST(TokenText, IsReadAsTheDataIsBehindTheTokenThatBegins) {
  EXPECT_THAT(tokens_of_text(kWords, "Lea lives.", "--prompt"), ElementsAre(0, 1, 2, 3));
  EXPECT_THAT(tokens_of_text(kCharacters, "a \u00eb", "--prompt"), ElementsAre(0, 1, 3, 2));
  EXPECT_THAT(tokens_of_text(kWords, "", "--prompt"), ElementsAre(0));
}

// As a wording has them: "{subject}'s", "half-{object}".
TEST(TokenText, AWordThatIsNotThereIsReadAsItsParts) {
  const Dataset apart = with_tokens({Vocabulary::kEndText, "Roth", "'s", "home", "half-", "Lyon",
                                     "\u2019s", "Le", "Roth's-home"});
  EXPECT_THAT(tokens_of_text(apart, "Roth's home", "--prompt"), ElementsAre(0, 1, 2, 3));
  EXPECT_THAT(tokens_of_text(apart, "Roth 's home", "--prompt"), ElementsAre(0, 1, 2, 3));
  EXPECT_THAT(tokens_of_text(apart, "Roth\u2019s", "--prompt"), ElementsAre(0, 1, 6));
  EXPECT_THAT(tokens_of_text(apart, "half-Lyon's", "--prompt"), ElementsAre(0, 4, 5, 2));
  // What is there as a whole stays whole, and nothing is cut between letters.
  EXPECT_THAT(tokens_of_text(apart, "Roth's-home", "--prompt"), ElementsAre(0, 8));
  EXPECT_ERROR(ErrorKind::kUsage, tokens_of_text(apart, "LeRoth", "--prompt"),
               HasSubstr("'LeRoth'"));
  EXPECT_ERROR(ErrorKind::kUsage, tokens_of_text(apart, "Roth'x", "--prompt"),
               HasSubstr("'Roth'x'"));
}

TEST(TokenText, NamesTheNearestWordOfOneThatIsNotThere) {
  EXPECT_ERROR(ErrorKind::kUsage, tokens_of_text(kWords, "Lee lives", "--prompt"),
               AllOf(StartsWith("--prompt: "), HasSubstr("'Lee'"), HasSubstr("'Lea'")));
}

}  // namespace
}  // namespace oubli
