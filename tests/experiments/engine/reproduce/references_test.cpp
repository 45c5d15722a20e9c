#include "experiments/engine/reproduce/references.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/files.h"

namespace oubli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

TEST(Expression, NamesRunsRowsAndColumns) {
  const Expression bare = Expression::parse("{main/retrain/accuracy/test}", {});
  EXPECT_TRUE(bare.is_bare());
  EXPECT_EQ(bare.references[0].run, "main");
  EXPECT_EQ(bare.references[0].row, "retrain");
  EXPECT_EQ(bare.references[0].column, "accuracy/test");
  EXPECT_TRUE(bare.references[0].values.empty());
  const Expression one = Expression::parse("{a(k=1, scale = 1.0e-3)/noise floor (x)/loss@25}", {});
  EXPECT_EQ(one.references[0].run, "a");
  EXPECT_EQ(one.references[0].row, "noise floor (x)");
  EXPECT_EQ(one.references[0].column, "loss");
  EXPECT_EQ(one.references[0].at, 25);
  EXPECT_THAT(one.references[0].values, ElementsAre(Pair("k", "1"), Pair("scale", "1.0e-3")));
}

TEST(Expression, IsArithmeticOverTheirValues) {
  const Expression expression = Expression::parse("abs({a/b/c} - 2 * {a/b/d}) ^ 2", {});
  ASSERT_EQ(expression.references.size(), 2U);
  EXPECT_FALSE(expression.is_bare());
  EXPECT_EQ(expression.at({1, 3}), 25);
  EXPECT_EQ(expression.at({7, 3}), 1);
  EXPECT_EQ(Expression::parse("sqrt(2 * 8)", {}).at({}), 4);
}

TEST(Expression, SaysWhatIsWrong) {
  const auto problem = [](const std::string& text) {
    return testing::error_of(ErrorKind::kSettings, [&] {
      Expression::parse(text, {"paper.yaml", 7, 3});
    });
  };
  EXPECT_THAT(problem("{a/b}"), HasSubstr("paper.yaml:7:3"));
  EXPECT_THAT(problem("{a/b}"), HasSubstr("{RUN/ROW/COLUMN}"));
  EXPECT_THAT(problem("{a(k)/b/c}"), HasSubstr("NAME=VALUE"));
  EXPECT_THAT(problem("{a(k=1/b/c}"), HasSubstr("(VALUES)/"));
  EXPECT_THAT(problem("{a/b/c@x}"), HasSubstr("number of requests"));
  EXPECT_THAT(problem("{a/b/c"), HasSubstr("missing"));
  EXPECT_THAT(problem("{a/b/c} +"), HasSubstr("no expression"));
  EXPECT_THAT(problem("nonsense({a/b/c})"), HasSubstr("no expression"));
}

}  // namespace
}  // namespace oubli
