#include "datasets/table/csv_reader.h"

#include <gmock/gmock.h>

#include "tests/support/files.h"

namespace oubli {
namespace {

using ::testing::ElementsAre;
using testing::error_of;
using ::testing::HasSubstr;

std::vector<std::vector<std::string>> parse(const std::string& text) {
  CsvReader reader(text, "t.csv");
  std::vector<std::vector<std::string>> rows;
  std::vector<CsvField> row;
  while (reader.next(row)) {
    rows.emplace_back();
    for (const CsvField& field : row) rows.back().push_back(field.text);
  }
  return rows;
}

TEST(CsvReader, ReadsQuotesBlanksAndBothEndsOfLine) {
  EXPECT_THAT(parse("\xef\xbb\xbf"
                    "a,\"b, \"\"c\"\"\" , d \r\n\n  \n1,2,3"),
              ElementsAre(ElementsAre("a", "b, \"c\"", "d"), ElementsAre("1", "2", "3")));
  EXPECT_THAT(parse("\"two\nlines\",x\n"), ElementsAre(ElementsAre("two\nlines", "x")));
  EXPECT_THAT(parse("a,\n,\n\"\"\n"),
              ElementsAre(ElementsAre("a", ""), ElementsAre("", ""), ElementsAre("")));
  EXPECT_THAT(parse("1,"), ElementsAre(ElementsAre("1", "")));
  EXPECT_THAT(parse(""), ElementsAre());
  EXPECT_THAT(parse("\n"), ElementsAre());
}

TEST(CsvReader, KnowsThePlaceOfEveryField) {
  const std::string text = "a,b\r\n\"x\ny\",  z\n";
  CsvReader reader(text, "t.csv");
  std::vector<CsvField> row;
  reader.next(row);
  reader.next(row);
  EXPECT_EQ(row[0].line, 2);
  EXPECT_EQ(row[1].line, 3);
  EXPECT_EQ(row[1].column, 6);
}

TEST(CsvReader, SaysWhereAQuoteIsWrong) {
  const auto message = [](const std::string& text) {
    return error_of(ErrorKind::kData, [&] { parse(text); });
  };
  EXPECT_THAT(message("a,b\n1,\"2\n"), HasSubstr("t.csv:2:3: this quote is never closed"));
  EXPECT_THAT(message("a,\"b\"c\n"), HasSubstr("t.csv:1:6: found 'c' after a closing quote"));
  EXPECT_THAT(message("a,b\"c\n"), HasSubstr("t.csv:1:4: a quote inside"));
}

TEST(CsvReader, TakesAnotherDelimiter) {
  CsvReader reader("a;b\n1,5;\"x;y\"\n", "t.csv", ';');
  std::vector<CsvField> row;
  reader.next(row);
  reader.next(row);
  ASSERT_EQ(row.size(), 2u);
  EXPECT_EQ(row[0].text, "1,5");
  EXPECT_EQ(row[1].text, "x;y");
  CsvReader tabs("a\tb\n1\t\n", "t.csv", '\t');
  tabs.next(row);
  tabs.next(row);
  ASSERT_EQ(row.size(), 2u);
  EXPECT_EQ(row[1].text, "");
}

}  // namespace
}  // namespace oubli
