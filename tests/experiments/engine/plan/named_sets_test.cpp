#include "experiments/engine/plan/named_sets.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include "tests/support/files.h"

namespace oubli {
namespace {

using testing::error_of;
using ::testing::HasSubstr;
using testing::settings_from;

LoadedData turning_digits() {
  return builtin_datasets().find("digits").configure(
      settings_from({{"turned", {{"degrees", 40}, {"periods", 5}}}}))({});
}

std::vector<NamedRows> sets_of(const Json& sets, const LoadedData& data) {
  const Settings settings = settings_from({{"evaluate", {{"sets", sets}}}});
  const std::vector<NamedSet> read = read_evaluation(settings).sets;
  settings.finish();
  return rows_of(read, data.dataset, data.splits);
}

TEST(NamedSets, AreOfTestExamples) {
  const LoadedData data = turning_digits();
  const std::vector<NamedRows> sets =
      sets_of({{"late", {{"where", {{"column", "time"}, {"at_least", 3}}}}},
               {"early", {{"where", {{"column", "time"}, {"before", 3}}}}},
               {"sevens", {{"class", "7"}}}},
              data);
  ASSERT_EQ(sets.size(), 3u);
  const Tensor& test = data.splits.test;
  for (const NamedRows& set : sets) EXPECT_TRUE(at::isin(set.rows, test).all().item<bool>());
  const auto rows = [&](const std::string& name) {
    for (const NamedRows& set : sets) {
      if (set.name == name) return set.rows;
    }
    return Tensor();
  };
  EXPECT_TRUE(rows_union(rows("late"), rows("early")).equal(test));
  EXPECT_EQ(rows("late").numel() + rows("early").numel(), test.numel());
  EXPECT_TRUE(data.dataset.targets.index_select(0, rows("sevens")).eq(7).all().item<bool>());
  const std::vector<double>& time = data.dataset.columns.at("time").numbers;
  for (std::int64_t i = 0; i < rows("late").numel(); ++i) {
    EXPECT_GE(time[static_cast<std::size_t>(rows("late")[i].item<std::int64_t>())], 3);
  }
}

TEST(NamedSets, AreNoneWhereNothingIsSaid) {
  EXPECT_TRUE(read_evaluation(settings_from(Json::object())).sets.empty());
}

TEST(NamedSets, MayBeAllTestExamplesButNotNone) {
  const LoadedData data = turning_digits();
  const Json all = {{"where", {{"column", "time"}, {"at_least", 0}}}},
             none = {{"where", {{"column", "time"}, {"after", 4}}}};
  EXPECT_TRUE(sets_of({{"all", all}}, data).front().rows.equal(data.splits.test));
  EXPECT_THAT(error_of(ErrorKind::kTask,
                       [&] {
                         sets_of({{"none", none}}, data);
                       }),
              HasSubstr("no test example is in the set 'none'; there are 359 in all"));
}

TEST(NamedSets, SayWhatTheyCannotBe) {
  const LoadedData data = turning_digits();
  const auto error = [&](const Json& sets) {
    return error_of(ErrorKind::kSettings, [&] { sets_of(sets, data); });
  };
  const Json late = {{"where", {{"column", "time"}, {"at_least", 3}}}};
  for (const char* name : {"test", "forget", "forget_late", "retain", "unknown"}) {
    EXPECT_THAT(error({{name, late}}), HasSubstr("call this one otherwise")) << name;
  }
  EXPECT_THAT(error({{"a/b", late}}), HasSubstr("'a/b' cannot name a set"));
  EXPECT_THAT(error({{"late", 3}}), HasSubstr("`{where: ...}`"));
  EXPECT_THAT(error({{"late", {{"random", {{"count", 3}}}}}}),
              HasSubstr("unknown selector of test examples 'random'"));
  EXPECT_THAT(error({{"late", {{"where", {{"column", "time"}, {"is", "3"}, {"befor", 3}}}}}}),
              HasSubstr("befor"));
  EXPECT_THAT(error(Json::array({"late"})), HasSubstr("'sets' is a map of names"));
}

}  // namespace
}  // namespace oubli
