#include "datasets/language/vocabulary.h"

#include <gmock/gmock.h>

namespace oubli {
namespace {

using ::testing::ElementsAre;

TEST(Vocabulary, WordsAreRunsOfLettersAndWhatJoinsThem) {
  EXPECT_THAT(words_of("Lea Roth lives in Lyon."),
              ElementsAre("Lea", "Roth", "lives", "in", "Lyon", "."));
  EXPECT_THAT(words_of("It's well-known, (no 42)!"),
              ElementsAre("It's", "well-known", ",", "(", "no", "42", ")", "!"));
  EXPECT_THAT(words_of(" a\tb\n c "), ElementsAre("a", "b", "c"));
  EXPECT_THAT(words_of("Zo\u00eb \u00e0 Z\u00fcrich"),
              ElementsAre("Zo\u00eb", "\u00e0", "Z\u00fcrich"));
  EXPECT_THAT(words_of("..."), ElementsAre(".", ".", "."));
  EXPECT_THAT(words_of(" \t"), ElementsAre());
}

TEST(Vocabulary, CharactersMayBeSeveralBytes) {
  EXPECT_THAT(characters_of("a\u00eb \u20ac\n"), ElementsAre("a", "\u00eb", " ", "\u20ac", "\n"));
  EXPECT_THAT(characters_of(""), ElementsAre());
}

TEST(Vocabulary, NumbersWordsAsTheyCome) {
  Vocabulary vocabulary;
  EXPECT_EQ(vocabulary.number(Vocabulary::kEndText), Vocabulary::kEnd);
  EXPECT_THAT(vocabulary.numbers({"b", "a", "b"}), ElementsAre(1, 2, 1));
  EXPECT_EQ(vocabulary.number("a"), 2);
  EXPECT_EQ(vocabulary.size(), 3);
  EXPECT_THAT(vocabulary.words(), ElementsAre("<s>", "b", "a"));
}

// No text has the end among its words or characters.
TEST(Vocabulary, NothingInATextIsTheEnd) {
  EXPECT_THAT(words_of("a <s> b"), ElementsAre("a", "<", "s", ">", "b"));
  EXPECT_THAT(characters_of("<s>"), ElementsAre("<", "s", ">"));
}

}  // namespace
}  // namespace oubli
