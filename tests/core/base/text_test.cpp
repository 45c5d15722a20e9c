#include "core/base/text.h"

#include <gmock/gmock.h>

namespace oubli {
namespace {

TEST(Text, KnowsUtf8FromWhatIsNot) {
  for (const char* good : {"", "plain", "caf\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80",
                           "\xf4\x8f\xbf\xbf", "\xed\x9f\xbf"}) {
    EXPECT_EQ(first_invalid_utf8(good), std::nullopt) << good;
  }
  // Latin-1, a lone continuation, overlong forms, surrogates, above U+10FFFF, cut short.
  for (const char* bad : {"ab\xe9", "ab\x80", "ab\xc0\xaf", "ab\xe0\x80\xaf", "ab\xf0\x80\x80\xaf",
                          "ab\xed\xa0\x80", "ab\xf4\x90\x80\x80", "ab\xe2\x82", "ab\xff"}) {
    EXPECT_EQ(first_invalid_utf8(bad), std::optional<std::size_t>(2)) << bad;
  }
  EXPECT_EQ(as_utf8("caf\xe9!"), "caf\xef\xbf\xbd!");
}

TEST(Text, CountsLinesAndColumnsFromOne) {
  const TextPlace place = place_in("ab\ncd\nef", 7);
  EXPECT_EQ(place.line, 3);
  EXPECT_EQ(place.column, 2);
  EXPECT_EQ(place_in("ab", 0).column, 1);
}

TEST(Text, NothingThatIsPrintedSteersATerminal) {
  EXPECT_EQ(printable("a\x1b[2J\r\n\tb"), "a\\x1b[2J\\r\\n\\tb");
  EXPECT_EQ(printable(std::string_view("a\0b", 3)), "a\\x00b");
  EXPECT_EQ(printable("caf\xe9"), "caf\\xe9");
  EXPECT_EQ(printable("caf\xc3\xa9"), "caf\xc3\xa9");
  EXPECT_EQ(printable("\xc2\x9b"
                      "31m"),
            "\\x9b31m")
      << "a control character of eight bits";
  EXPECT_EQ(printable("\xe2\x80\xae"
                      "cod.exe"),
            "\\u202ecod.exe");
  EXPECT_EQ(printable("a\nb", /*lines=*/true), "a\nb");
}

TEST(Text, QuotesALineAtMost) {
  EXPECT_EQ(quote("word"), "'word'");
  EXPECT_EQ(quote("0123456789", 4), "'0123...' (10 bytes)");
  EXPECT_EQ(quote("abc\xc3\xa9z", 4), "'abc...' (6 bytes)") << "not inside a character";
  EXPECT_EQ(clipped("0123456789", 4), "0123...");
  EXPECT_LT(quote(std::string(8'000'000, 'x')).size(), 120u);
}

TEST(Text, CutsBetweenCharacters) {
  EXPECT_EQ(first_characters("a\xc3\xa9"
                             "b",
                             2),
            "a\xc3\xa9");
  EXPECT_EQ(first_characters("ab", 5), "ab");
}

TEST(Text, ListsWhatFitsOnALineOrTwo) {
  EXPECT_EQ(listed({"a", "b"}), "a, b");
  const std::string many = listed(std::vector<std::string>(100'000, "column"));
  EXPECT_LT(many.size(), 1000u);
  EXPECT_THAT(many, ::testing::HasSubstr("(100000 in all)"));
}

}  // namespace
}  // namespace oubli
