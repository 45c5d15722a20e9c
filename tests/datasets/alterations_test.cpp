#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "datasets/source.h"
#include "tests/support/files.h"

namespace oubli {
namespace {

using testing::error_of;
using ::testing::HasSubstr;

LoadedData load(const Json& json) {
  const Settings settings = testing::settings_from(json);
  const auto loader = builtin_datasets().find("digits").configure(settings);
  settings.finish();
  return loader({});
}

TEST(ChosenClasses, KeepTheirRowsUnderNewNumbers) {
  const LoadedData all = load(Json::object()), some = load({{"classes", {"8", "3"}}});
  EXPECT_EQ(some.dataset.outputs, 2);
  EXPECT_EQ(some.dataset.class_names, (std::vector<std::string>{"8", "3"}));
  EXPECT_EQ(some.dataset.size(), all.dataset.size());
  for (const auto& [before, after] : {std::pair{all.splits.train, some.splits.train},
                                      std::pair{all.splits.validation, some.splits.validation},
                                      std::pair{all.splits.test, some.splits.test}}) {
    const Tensor labels = all.dataset.targets.index_select(0, before);
    EXPECT_TRUE(after.equal(before.masked_select(labels.eq(3).logical_or(labels.eq(8)))));
    const Tensor is_three = all.dataset.targets.index_select(0, after).eq(3).to(at::kLong);
    EXPECT_TRUE(some.dataset.targets.index_select(0, after).equal(is_three));
  }
}

TEST(ChosenClasses, MustBeThereAndMoreThanOne) {
  EXPECT_THAT(error_of(ErrorKind::kSettings,
                       [] {
                         load({{"classes", {"3", "12"}}});
                       }),
              HasSubstr("'12'"));
  EXPECT_THAT(error_of(ErrorKind::kSettings,
                       [] {
                         load({{"classes", {"3"}}});
                       }),
              HasSubstr("two or more"));
}

TEST(UnitLength, ScalesWhatModelsSee) {
  const LoadedData plain = load(Json::object()), unit = load({{"unit_length", true}});
  const auto batch = [](const LoadedData& data) {
    const auto dataset = std::make_shared<const Dataset>(data.dataset);
    return Subset{dataset, data.splits.train, {}}.batch(0, 50, at::kDouble).inputs.flatten(1);
  };
  const Tensor before = batch(plain), after = batch(unit);
  EXPECT_LT((after.norm(2, 1) - 1).abs().max().item<double>(), 1e-6);
  EXPECT_TRUE(after.allclose(before / before.norm(2, {1}, true), 1e-6, 1e-7));
}

}  // namespace
}  // namespace oubli
