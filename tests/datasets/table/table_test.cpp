// Tables as companies have them: ids, texts, dates, gaps.
#include <ATen/ATen.h>
#include <fmt/format.h>
#include <gmock/gmock.h>

#include "tests/support/csv_test.h"

namespace oubli {
namespace {

using ::testing::ElementsAre;
using testing::error_of;
using ::testing::HasSubstr;

class TableTest : public testing::CsvTest {
 protected:
  // Features as numbers, row after row.
  static std::vector<double> values(const Dataset& dataset, std::int64_t row) {
    const Tensor one = dataset.inputs[row].contiguous();
    return {one.const_data_ptr<double>(), one.const_data_ptr<double>() + one.numel()};
  }
};

constexpr const char* kShop =
    "customer,name,signup,city,plan,age,visits,premium,y\n"
    "C7,Ann,2024-01-02,Lyon,basic,31,5,yes,0\n"
    "C3,Bob,1970-01-01,Nice,plus,,2,no,1\n"
    "C9,\"Cy, Jr\",1969-12-31,Lyon,,40,1,no,0\n"
    "C1,Dee,2024-01-02,Brest,plus,19,0,yes,1\n";

Json shop_settings() {
  return {{"id", "customer"},
          {"ignore", {"name"}},
          {"categorical", {"city", "plan"}},
          {"dates", {"signup"}},
          {"missing", {{"age", "mean"}, {"plan", "most_frequent"}}},
          {"test_fraction", 0},
          {"validation_fraction", 0}};
}

TEST_F(TableTest, EveryColumnBecomesWhatItIsSaidToBe) {
  const LoadedData loaded = load(kShop, shop_settings());
  const Dataset& data = loaded.dataset;
  EXPECT_THAT(data.feature_names,
              ElementsAre("signup", "city=Brest", "city=Lyon", "city=Nice", "plan=basic",
                          "plan=plus", "age", "visits", "premium", "plan missing", "age missing"));
  EXPECT_THAT(values(data, 0), ElementsAre(19724, 0, 1, 0, 1, 0, 31, 5, 1, 0, 0));
  EXPECT_THAT(values(data, 1), ElementsAre(0, 0, 0, 1, 0, 1, 30, 2, 0, 0, 1));
  EXPECT_THAT(values(data, 2), ElementsAre(-1, 0, 1, 0, 0, 1, 40, 1, 0, 1, 0));
  EXPECT_EQ(data.id_column, "customer");
  EXPECT_EQ(data.columns.at("customer").text(3), "C1");
  EXPECT_EQ(data.columns.at("name").text(2), "Cy, Jr");
  EXPECT_EQ(data.columns.at("signup").text(0), "2024-01-02");
  EXPECT_EQ(data.columns.at("plan").text(2), "");
  EXPECT_EQ(loaded.splits.test.numel(), 0);
  EXPECT_EQ(loaded.splits.train.numel(), 4);
}

TEST_F(TableTest, FillsComeFromTheTrainingRowsAlone) {
  std::string text = "a,c,split,y\n";
  for (int i = 0; i < 10; ++i) text += fmt::format("{},u,train,{}\n", i, i % 2);
  text += ",,train,0\n1000,v,test,1\n1000,v,test,0\n";
  const LoadedData loaded = load(text, {{"split", "split"},
                                        {"categorical", {"c"}},
                                        {"missing", "mean"},
                                        {"missing_indicator", false},
                                        {"validation_fraction", 0}});
  EXPECT_THAT(values(loaded.dataset, 10), ElementsAre(4.5, 1, 0));
  EXPECT_THAT(loaded.dataset.feature_names, ElementsAre("a", "c=u", "c=v"));
  EXPECT_TRUE(loaded.splits.test.equal(at::arange(11, 13)));
}

TEST_F(TableTest, RowsThatAreLeftOutKeepTheOthersNumbers) {
  std::string text = "a,y\n,0\n";
  for (int i = 1; i < 20; ++i) text += fmt::format("{},{}\n", i, i == 7 ? "" : i % 2 ? "x" : "z");
  const LoadedData loaded = load(text, {{"missing", "drop"}});
  const Tensor all = at::cat({loaded.splits.train, loaded.splits.validation, loaded.splits.test});
  EXPECT_EQ(all.numel(), 18);
  EXPECT_FALSE(all.eq(0).any().item<bool>());
  EXPECT_FALSE(all.eq(7).any().item<bool>());
  EXPECT_EQ(loaded.dataset.inputs[19][0].item<double>(), 19);
  EXPECT_THAT(loaded.dataset.class_names, ElementsAre("x", "z"));
}

TEST_F(TableTest, StandardisesMagnitudesAndNotZerosAndOnes) {
  Json settings = shop_settings();
  settings["standardise"] = true;
  const Dataset data = load(kShop, settings).dataset;
  EXPECT_EQ(data.deviation[1], 1);
  EXPECT_EQ(data.mean[1], 0);
  EXPECT_NEAR(data.mean[6], 30, 1e-12);
  EXPECT_GT(data.deviation[6], 1);
}

TEST_F(TableTest, ATestFileComesBehind) {
  folder_.write("test.csv", "y,a\n1,7\n0,8\n");
  std::string text = "a,y\n";
  for (int i = 0; i < 10; ++i) text += fmt::format("{},{}\n", i, i % 2);
  const LoadedData loaded = load(text, {{"test_file", "test.csv"}, {"validation_fraction", 0}});
  EXPECT_TRUE(loaded.splits.test.equal(at::arange(10, 12)));
  EXPECT_EQ(loaded.dataset.inputs[10][0].item<double>(), 7);
  EXPECT_EQ(loaded.splits.train.numel(), 10);
  folder_.write("test.csv", "b,y\n1,7\n");
  EXPECT_THAT(error(text, {{"test_file", "test.csv"}}), HasSubstr("no column 'a'"));
}

TEST_F(TableTest, ReadsDecimalCommas) {
  const Dataset data =
      load("a;y\n1,5;0\n-2;1\n",
           {{"delimiter", ";"}, {"decimal", ","}, {"test_fraction", 0}, {"validation_fraction", 0}})
          .dataset;
  EXPECT_EQ(data.inputs[0][0].item<double>(), 1.5);
  EXPECT_THAT(error("a;y\n1.5;0\n", {{"delimiter", ";"}, {"decimal", ","}}),
              HasSubstr("found '1.5' in column 'a'"));
}

// All at once, each with its place and what to write instead.
TEST_F(TableTest, SaysEverythingThatIsWrongInOneMessage) {
  const std::string message = error(kShop, {{"categorical", {"city"}}});
  EXPECT_THAT(message,
              HasSubstr("t.csv:2:1: found 'C7' in column 'customer' (4 such rows, 4 "
                        "different texts), expected a finite number: `ignore: [customer]`"));
  EXPECT_THAT(message, HasSubstr("`id: customer`"));
  EXPECT_THAT(message, HasSubstr("t.csv:2:8: found '2024-01-02' in column 'signup'"));
  EXPECT_THAT(message, HasSubstr("`dates: [signup]` reads dates"));
  EXPECT_THAT(message, HasSubstr("`categorical: [plan]` makes a feature of each"));
  EXPECT_THAT(message, HasSubstr("t.csv:3:29: this row has no value in column 'age'"));
  EXPECT_THAT(message, HasSubstr("`missing: {plan: most_frequent}` fills them in"));
  EXPECT_EQ(std::count(message.begin(), message.end(), '\n'), 5);
}

TEST_F(TableTest, TellsTheFirstLinesOfEveryFault) {
  std::string text = "a,b,y\n";
  for (int i = 0; i < 40; ++i) text += i % 4 == 1 ? "1,?,0\n" : i == 2 ? "1,2\n" : "x,2,1\n";
  const std::string message = error(text, {});
  EXPECT_THAT(message,
              HasSubstr("t.csv:4:3: this row ends after 2 fields, but the header names 3"));
  EXPECT_THAT(message, HasSubstr("t.csv:2:1: found 'x' in column 'a' (29 such rows"));
  EXPECT_THAT(message, HasSubstr("In lines 2, 5, 6, 8, "));
  EXPECT_THAT(message, HasSubstr(", ... and 9 more."));
  EXPECT_THAT(message, HasSubstr("t.csv:3:3: 10 rows have no value in column 'b'"));
  EXPECT_THAT(message, HasSubstr("In lines 3, 7, 11, 15, 19, 23, 27, 31, 35 and 39."));
  EXPECT_THAT(error("a,y\n1\n1,0\n1,2,3\n", {}), HasSubstr("2 columns. In lines 2 and 4."));
}

TEST_F(TableTest, EveryColumnThatIsNotThereIsNamed) {
  const std::string message = error(
      kShop, {{"ignore", {"nane", "city"}}, {"dates", {"sinup"}}, {"missing", {{"aeg", "mean"}}}});
  EXPECT_THAT(message, HasSubstr("t.csv:1:1: unknown column 'nane'; did you mean 'name'? 'ignore' "
                                 "names it ("));
  EXPECT_THAT(message, HasSubstr("e.yaml:"));
  EXPECT_THAT(message, HasSubstr("unknown column 'sinup'; did you mean 'signup'? 'dates' names"));
  EXPECT_THAT(message, HasSubstr("unknown column 'aeg'; did you mean 'age'? 'missing' names"));
  EXPECT_THAT(message, HasSubstr("\nThe columns there are customer, name, "));
}

// A table that says which rows are trained on is taken at its word.
TEST_F(TableTest, NamedPartsAreNotDrawnFrom) {
  std::string text = "a,part,y\n";
  for (int i = 0; i < 30; ++i)
    text += fmt::format("{},{},{}\n", i, i < 20 ? "train" : "test", i % 2);
  const Json split = {{"split", "part"}};
  EXPECT_TRUE(load(text, split).splits.train.equal(at::arange(20)));
  const auto with = [](Json json, const char* key, double value) {
    json[key] = value;
    return json;
  };
  EXPECT_EQ(load(text, with(split, "validation_fraction", 0.1)).splits.validation.numel(), 2);
  EXPECT_EQ(load(text, with(split, "test_fraction", 0)).splits.test.numel(), 10);
  EXPECT_THAT(error(text, with(split, "test_fraction", 0.2), ErrorKind::kSettings),
              HasSubstr("'test_fraction' is 0.2, but the data has its own test part"));
  text += "1,validation,0\n";
  EXPECT_EQ(load(text, with(split, "validation_fraction", 0)).splits.validation.numel(), 1);
  EXPECT_THAT(error(text, with(split, "validation_fraction", 0.1), ErrorKind::kSettings),
              HasSubstr("'validation_fraction' is 0.1, but the data have 1 validation rows"));
  folder_.write("test.csv", "a,part,y\n1,,1\n");
  EXPECT_THAT(error("a,y\n1,0\n2,1\n", {{"test_file", "test.csv"}, {"test_fraction", 0.2}},
                    ErrorKind::kSettings),
              HasSubstr("its own test part"));
}

TEST_F(TableTest, RefusesWhatContradictsItself) {
  EXPECT_THAT(error(kShop, {{"id", "name"}, {"ignore", {"name"}}}, ErrorKind::kSettings),
              HasSubstr("the column 'name' stands under 'id' already"));
  EXPECT_THAT(error(kShop, {{"ignore", {"nane"}}}), HasSubstr("did you mean 'name'?"));
  EXPECT_THAT(error("a,y\ntrue,0\n3,1\n", {}), HasSubstr("and others a number"));
  EXPECT_THAT(error("a,y,s\n1,0,train\n2,1,tset\n", {{"split", "s"}}),
              HasSubstr("column 's' holds 'tset', expected train, validation or test"));
  EXPECT_THAT(error("i,a,y\nC1,1,0\n,2,1\n", {{"id", "i"}, {"missing", "drop"}}),
              HasSubstr("every row needs an id"));
  EXPECT_THAT(error("a,d,y\n1,2026-02-30,0\n2,2026-01-01,1\n", {{"dates", {"d"}}}),
              HasSubstr("found '2026-02-30' in column 'd', expected a date"));
  EXPECT_THAT(error("a,y\n1,0\n", {{"missing", "median"}}, ErrorKind::kSettings),
              HasSubstr("unknown rule for missing values 'median'"));
  EXPECT_THAT(error("a,y\n,0\n,1\n",
                    {{"missing", "mean"}, {"test_fraction", 0}, {"validation_fraction", 0}}),
              HasSubstr("no value in any training row"));
}

}  // namespace
}  // namespace oubli
