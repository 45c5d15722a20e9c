#include "datasets/split.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include "tests/support/files.h"

namespace oubli {
namespace {

using testing::settings_from;

Splits files_split(const Json& json) {
  return SplitPlan::with_test_files(settings_from(json), 0.25).draw(100, 20);
}

bool is_subset(const Tensor& a, const Tensor& b) { return at::isin(a, b).all().item<bool>(); }

TEST(Split, TestFilesStayTheTestSet) {
  const Splits splits = files_split(Json::object());
  EXPECT_TRUE(at::equal(splits.test, at::arange(80, 100)));
  EXPECT_EQ(splits.validation.numel(), 20);
  EXPECT_EQ(splits.train.numel(), 60);
}

TEST(Split, SmallerLimitsAreSubsetsAndKeepTheValidationSet) {
  const Splits all = files_split(Json::object());
  const Splits some = files_split({{"limit", {{"train", 30}, {"test", 8}}}});
  const Splits few = files_split({{"limit", {{"train", 10}, {"test", 4}}}});
  EXPECT_EQ(few.train.numel(), 10);
  EXPECT_EQ(few.test.numel(), 4);
  EXPECT_TRUE(is_subset(few.train, some.train));
  EXPECT_TRUE(is_subset(some.train, all.train));
  EXPECT_TRUE(is_subset(few.test, some.test));
  EXPECT_TRUE(at::equal(few.validation, all.validation));
}

TEST(Split, TheSeedDecides) {
  EXPECT_FALSE(
      at::equal(files_split({{"split_seed", 1}}).train, files_split(Json::object()).train));
}

TEST(Split, DrawsTestRowsWhereTheSourceHasNone) {
  const Splits splits =
      SplitPlan::with_test_draw(settings_from({{"test_fraction", 0.3}}), 0.2, 0.1).draw(100);
  EXPECT_EQ(splits.test.numel(), 30);
  EXPECT_EQ(splits.validation.numel(), 7);
  EXPECT_EQ(splits.train.numel(), 63);
}

TEST(Split, ALimitAboveWhatThereIsIsAnError) {
  const std::string message = testing::error_of(ErrorKind::kSettings, [] {
    files_split({{"limit", {{"train", 61}}}});
  });
  EXPECT_THAT(message, ::testing::HasSubstr("test.yaml:1:1"));
  EXPECT_THAT(message, ::testing::HasSubstr("only 60 examples"));
}

TEST(Split, NoTrainingExampleLeftIsAnError) {
  const auto plan = SplitPlan::with_test_draw(
      settings_from({{"test_fraction", 0.5}, {"validation_fraction", 0.9}}), 0.2, 0.1);
  EXPECT_THAT(testing::error_of(ErrorKind::kSettings, [&] { plan.draw(2); }),
              ::testing::HasSubstr("no training example"));
}

}  // namespace
}  // namespace oubli
