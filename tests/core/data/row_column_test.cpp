#include "core/data/row_column.h"

#include <gtest/gtest.h>

#include <cmath>

namespace oubli {
namespace {

TEST(Dates, AreDaysSince1970) {
  EXPECT_EQ(days_of("1970-01-01"), 0);
  EXPECT_EQ(days_of("2000-03-01"), 11017);
  EXPECT_EQ(days_of("1969-12-31"), -1);
  EXPECT_EQ(days_of("1970-01-02T12:00"), 1.5);
  EXPECT_EQ(number_or_days("1970-01-02T12:00"), 1.5);
  EXPECT_EQ(number_or_days("-3.5"), -3.5);
  EXPECT_TRUE(std::isnan(number_or_days("tomorrow")));
  EXPECT_EQ(days_of("1970-01-02 06:00:00Z"), 1.25);
}

TEST(Dates, ThatAreNoneAreNoNumbers) {
  for (const char* text : {"", "1970", "1970-13-01", "2026-02-30", "1970-1-1", "01.02.1970",
                           "1970-01-01x", "1970-01-01 25:00", "1970-01-01 12:60", "-970-01-01"}) {
    EXPECT_TRUE(std::isnan(days_of(text))) << text;
  }
}

TEST(Dates, AreWrittenAsTheyWereRead) {
  for (const char* text : {"2024-02-29", "1969-12-31", "2026-11-28 17:05:09"}) {
    EXPECT_EQ(date_text(days_of(text)), text);
  }
}

TEST(RowColumn, SaysWhatWasWritten) {
  const RowColumn texts{.level_of = {1, -1, 0}, .levels = {"a", "b"}};
  EXPECT_EQ(texts.text(0), "b");
  EXPECT_EQ(texts.text(1), "");
  EXPECT_EQ(texts.level("b"), 1);
  EXPECT_EQ(texts.level("c"), -1);
  const RowColumn numbers{.numbers = {1.5, std::nan("")}};
  EXPECT_EQ(numbers.text(0), "1.5");
  EXPECT_EQ(numbers.text(1), "");
}

}  // namespace
}  // namespace oubli
