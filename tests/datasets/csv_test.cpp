#include "tests/support/csv_test.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <gmock/gmock.h>

namespace oubli {
namespace {

using ::testing::ElementsAre;
using testing::error_of;
using ::testing::HasSubstr;

class Csv : public testing::CsvTest {};

TEST_F(Csv, ClassesAreTheDistinctLabels) {
  const LoadedData loaded = load("a,y,b\n1,dog,2\n3,cat,4\n5,dog,-6e-1\n7,\"a fox\",8\n9,cat,10\n");
  EXPECT_THAT(loaded.dataset.class_names, ElementsAre("a fox", "cat", "dog"));
  EXPECT_TRUE(at::equal(loaded.dataset.targets, at::tensor({2, 1, 2, 0, 1}, at::kLong)));
  EXPECT_EQ(loaded.dataset.inputs.sizes(), at::IntArrayRef({5, 2}));
  EXPECT_EQ(loaded.dataset.inputs[2][1].item<double>(), -0.6);
  EXPECT_EQ(loaded.dataset.name, "t");
}

TEST_F(Csv, NumberedClassesAreInNumericalOrder) {
  const LoadedData loaded = load("a,y\n1,10\n1,9\n1,2\n1,9\n1,2\n");
  EXPECT_THAT(loaded.dataset.class_names, ElementsAre("2", "9", "10"));
}

TEST_F(Csv, StandardisesByTheTrainingSplitAlone) {
  std::string text = "a,constant,y\n";
  for (int i = 0; i < 20; ++i) text += std::to_string(i * i) + ",5," + std::to_string(i) + ".5\n";
  const LoadedData loaded = load(text, {{"task", "regression"}, {"standardise", true}});
  EXPECT_EQ(loaded.dataset.targets.sizes(), at::IntArrayRef({20, 1}));
  EXPECT_EQ(loaded.dataset.targets[3][0].item<double>(), 3.5);
  const auto data = std::make_shared<Dataset>(loaded.dataset);
  const Subset train{data, loaded.splits.train, {}};
  const Tensor inputs = train.batch(0, 20, at::kDouble).inputs;
  EXPECT_NEAR(inputs.select(1, 0).mean().item<double>(), 0, 1e-12);
  EXPECT_NEAR(inputs.select(1, 0).square().mean().item<double>(), 1, 1e-12);
  EXPECT_NEAR(inputs.select(1, 1).abs().max().item<double>(), 0, 1e-12);
}

// A record keeps scales and fills where rows are deleted that they were computed from.
TEST_F(Csv, TakesScalesAndFillsFromARecord) {
  const std::string head = "age,city,y\n", gone = "90,Lyon,0\n,Lyon,1\n";
  const std::string left = "30,Lyon,0\n,Nice,1\n40,,0\n50,Nice,1\n";
  const Json base = {{"test_fraction", 0},
                     {"validation_fraction", 0},
                     {"categorical", {"city"}},
                     {"missing", "most_frequent"},
                     {"missing_indicator", false}};
  const auto with = [&](const Json& standardise) {
    Json settings = base;
    settings["standardise"] = standardise;
    return settings;
  };
  const auto from = [&](const Json& inputs) {
    folder_.write("record.json", Json({{"inputs", inputs}}).dump());
    return with({{"from", "record.json"}});
  };
  const Json age = {{"name", "age"}, {"mean", 55.5}, {"deviation", 7.25}, {"missing", 90.0}};
  const Json lyon = {{"name", "city=Lyon"}, {"missing", 1.0}};
  const Json nice = {{"name", "city=Nice"}, {"missing", 0.0}};
  const Dataset given = load(head + left, from({age, lyon, nice})).dataset;
  EXPECT_THAT(given.mean, ElementsAre(55.5, 0, 0));
  EXPECT_THAT(given.deviation, ElementsAre(7.25, 1, 1));
  EXPECT_EQ(given.inputs[1][0].item<double>(), 90);
  EXPECT_EQ(given.inputs[2][1].item<double>(), 1);
  const Dataset whole = load(head + left + gone, from({age, lyon, nice})).dataset;
  EXPECT_TRUE(whole.inputs.narrow(0, 0, 4).equal(given.inputs));
  EXPECT_NE(load(head + left, with(true)).dataset.mean, given.mean);
  const Json ages = {{"name", "ages"}, {"mean", 1.0}, {"deviation", 2.0}};
  const std::string unknown = error(head + left, from({ages, lyon, nice}));
  EXPECT_THAT(unknown, HasSubstr("record.json: unknown input 'age'; did you mean 'ages'?"));
  EXPECT_THAT(unknown, HasSubstr("t.csv gives no input 'ages'; did you mean 'age'?"));
  EXPECT_THAT(error(head + left, from({lyon, nice, age})),
              HasSubstr("input 1 is 'city=Lyon', and"));
  EXPECT_THAT(error(head + left, from({lyon, nice})), HasSubstr("`standardise: false`"));
  EXPECT_THAT(error(head + left, from({age, age})), HasSubstr("two inputs 'age'"));
  EXPECT_THAT(error(head + left, from({{{"name", "age"}, {"deviation", 0}}})),
              HasSubstr("'deviation' of input 'age' is no positive number"));
  EXPECT_THAT(error(head + left, from(Json::object())), HasSubstr("no list of inputs"));
  EXPECT_THAT(error(head + left, with({{"from", "lost.json"}})), HasSubstr("lost.json"));
}

// What the inputs of some rows owe to others goes with those that are removed only in part.
TEST_F(Csv, SaysWhetherInputsWereComputedFromRows) {
  const std::string full = "a,b,y\n1,2,0\n3,5,1\n4,1,0\n2,2,1\n1,7,0\n3,3,1\n";
  const std::string holes = "a,b,y\n1,2,0\n,5,1\n4,1,0\n2,2,1\n1,7,0\n3,3,1\n";
  const auto is_fitted = [&](const std::string& text, const Json& settings) {
    return load(text, settings).dataset.is_fitted_to_rows;
  };
  const Json all = {{"test_fraction", 0}, {"validation_fraction", 0}};
  const auto with = [&](const Json& more) {
    Json settings = all;
    settings.update(more);
    return settings;
  };
  EXPECT_FALSE(is_fitted(full, all));
  EXPECT_TRUE(is_fitted(full, with({{"standardise", true}})));
  EXPECT_FALSE(is_fitted(full, with({{"missing", "mean"}})));
  EXPECT_TRUE(is_fitted(holes, with({{"missing", "mean"}})));
  EXPECT_FALSE(is_fitted(holes, with({{"missing", "drop"}})));
  EXPECT_TRUE(is_fitted(full, with({{"categorical", {"b"}}})));
  // No part of what results are kept by.
  Dataset data = load(full, all).dataset;
  const std::string hash = data.content_hash();
  data.is_fitted_to_rows = true;
  EXPECT_EQ(data.content_hash(), hash);
}

// Adding a constant to a standardised column changes nothing, in the type that models are given
// too: time stamps in seconds, a minute apart.
TEST_F(Csv, StandardisedColumnsDoNotDependOnAnOffset) {
  const auto standardised = [&](double offset) {
    std::string text = "t,y\n";
    for (int i = 0; i < 40; ++i) text += fmt::format("{:.1f},{}\n", offset + 60 * (i * i % 41), i);
    const LoadedData loaded = load(text, {{"task", "regression"}, {"standardise", true}});
    const auto data = std::make_shared<Dataset>(loaded.dataset);
    return Subset{data, at::arange(40), {}}.batch(0, 40, at::kFloat).inputs;
  };
  const Tensor expected = standardised(0);
  EXPECT_LT((standardised(1.7e9) - expected).abs().max().item<double>(), 1e-6);
}

TEST_F(Csv, AColumnThatIsConstantUpToRoundingIsOnlyShifted) {
  std::string text = "a,b,c,y\n";
  for (int i = 0; i < 37; ++i) {
    text += fmt::format("0.1,{},{:.17g},{}\n", 1e6 / 3, 0.7 * (1 + (i % 3) * 2e-16), i);
  }
  const LoadedData loaded = load(text, {{"task", "regression"}, {"standardise", true}});
  EXPECT_THAT(loaded.dataset.deviation, ElementsAre(1, 1, 1));
  const auto data = std::make_shared<Dataset>(loaded.dataset);
  const Tensor inputs = Subset{data, at::arange(37), {}}.batch(0, 37, at::kDouble).inputs;
  EXPECT_LT(inputs.abs().max().item<double>(), 1e-9);
}

TEST_F(Csv, SaysWhereAndWhatIsWrong) {
  EXPECT_THAT(error("a,y\n1,x\n2\n"), HasSubstr("t.csv:3:1: this row ends after 1 fields"));
  EXPECT_THAT(error("a,y\n1,x,3\n"), HasSubstr("t.csv:2:5: this row ends after 3 fields"));
  EXPECT_THAT(error("a,y\nred,x\n"), HasSubstr("t.csv:2:1: found 'red' in column 'a'"));
  EXPECT_THAT(error("a,y\nnan,x\n"), HasSubstr("t.csv:2:1: this row has no value in column 'a'"));
  EXPECT_THAT(error("a,y\ninf,x\n"), HasSubstr("expected a finite number"));
  EXPECT_THAT(
      error("a,b,y\n1,,x\n"),
      HasSubstr("t.csv:2:3: this row has no value in column 'b': `missing: {b: mean}` fills"));
  EXPECT_THAT(
      error("a,y\n1,\n"),
      HasSubstr("t.csv:2:3: this row has no value in column 'y': `missing: {y: drop}` leaves"));
  EXPECT_THAT(error("a,label\n1,x\n", {{"label", "labl"}}),
              HasSubstr("unknown column 'labl'; did you mean 'label'?"));
  EXPECT_THAT(error("a,a,y\n"), HasSubstr("t.csv:1:3: two columns 'a'"));
  const std::string header = error("a,a,,y\n");
  EXPECT_THAT(header, HasSubstr("t.csv:1:3: two columns 'a'.\n"));
  EXPECT_THAT(header, HasSubstr("t.csv:1:5: a column has no name"));
  EXPECT_THAT(error(""), HasSubstr("the file is empty"));
  EXPECT_THAT(error("a,y\n"), HasSubstr("no row after the header"));
  EXPECT_THAT(error("a,y\n1,x\n", {{"task", "regression"}}), HasSubstr("t.csv:2:3: found 'x'"));
}

TEST_F(Csv, AFileOfAnotherKindIsNamed) {
  EXPECT_THAT(error("a;y\n1;x\n"),
              HasSubstr("t.csv:1:1: the columns are separated by ';': set `delimiter: \";\"`"));
  EXPECT_THAT(error("a\ty\n1\tx\n"), HasSubstr("`delimiter: tab`"));
  EXPECT_THAT(error("a y\n1 x\n"), HasSubstr("separated by blanks"));
  EXPECT_THAT(error("a,y\r1,x\r"), HasSubstr("t.csv:1:4: lines end in a carriage return alone"));
  EXPECT_THAT(error(std::string("\xff\xfe"
                                "a\0",
                                4)),
              HasSubstr("is UTF-16"));
  EXPECT_THAT(error("a,y\n1,caf\xe9\n"), HasSubstr("t.csv:2:6: the byte 0xe9 is not UTF-8"));
  EXPECT_THAT(error("a,y\n1,\x1b[2J\n"),
              HasSubstr("t.csv:2:3: found the control character '\\x1b'"));
  EXPECT_THAT(error(std::string("a,y\n5\0,x\n", 9)), HasSubstr("control character"));
  EXPECT_LT(error("a,y\n" + std::string(5'000'000, '5') + "x,1\n").size(), 400u);
}

TEST_F(Csv, LabelsThatAreNoClassesAreRefused) {
  EXPECT_THAT(error("a,y\n1,x\n2,nan\n"),
              HasSubstr("t.csv:3:3: this row has no value in column 'y'"));
  EXPECT_THAT(error("a,y\n1,?\n2,x\n"), HasSubstr("if '?' names a class, put it in quotes"));
  EXPECT_THAT(error("a,y\nNA,x\n2,z\n"), HasSubstr("`missing: {a: mean}` fills them in"));
  EXPECT_THAT(error("a,y\n1,1\n2,1.0\n3,2\n"),
              HasSubstr("t.csv:3: the labels '1' and '1.0' are the same number"));
  EXPECT_THAT(error("a,y\n1,01\n2,1\n3,2\n"), HasSubstr("the labels '01' and '1' are the same"));
  EXPECT_THAT(error("a,y\n1,0.5\n2,1\n"),
              HasSubstr("t.csv:2: the label is '0.5', which is no whole number"));
  EXPECT_THAT(error("a,y\n1,x\n2,x\n"), HasSubstr("every row has the label 'x'"));
  std::string all_different = "a,y\n";
  for (int i = 0; i < 60; ++i) all_different += fmt::format("1,{}\n", i);
  EXPECT_THAT(error(all_different), HasSubstr("60 different labels in 60 rows"));
  std::string rare = "a,y\n";
  for (int i = 0; i < 40; ++i) rare += fmt::format("{},{}\n", i, i % 2);
  EXPECT_THAT(error(rare + "1,7\n", {{"test_fraction", 0.9}}),
              HasSubstr("none of the rows with the label '7' is in the training split"));
}

TEST_F(Csv, ALabelOfTheTestFileAloneIsNamedWithItsPlace) {
  folder_.write("later.csv", "a,y\n1,x\n2,yes\n3,yes\n4,no\n");
  const Json settings = {{"test_file", "later.csv"}, {"validation_fraction", 0}};
  const std::string message = error("a,y\n1,x\n2,z\n3,x\n", settings);
  EXPECT_THAT(message, HasSubstr("later.csv:3: the label 'yes' is not among those of "));
  EXPECT_THAT(message, HasSubstr("later.csv:5: the label 'no' is not"));
  EXPECT_THAT(message, HasSubstr("t.csv: 'x', 'z'. Mend them"));
  // One that neither has in its training part is another matter.
  const Json drawn = {{"split", "part"}};
  EXPECT_THAT(error("a,part,y\n1,train,x\n2,train,z\n3,test,v\n", drawn),
              HasSubstr("none of the rows with the label 'v' is in the training split"));
}

TEST_F(Csv, AQuotedLabelIsAName) {
  std::string text = "a,y\n";
  for (int i = 0; i < 40; ++i) text += i % 2 == 0 ? "1,\"NA\"\n" : "2,x\n";
  EXPECT_THAT(load(text).dataset.class_names, ElementsAre("NA", "x"));
}

TEST_F(Csv, NumbersTooLargeToStandardiseNameTheirColumn) {
  std::string text = "y,a\n";
  for (int i = 0; i < 40; ++i) text += fmt::format("{},{}e200\n", i % 2, i);
  EXPECT_THAT(error(text, {{"standardise", true}}), HasSubstr("in column 'a' are too large"));
}

TEST_F(Csv, TheTaskThatIsMissingIsOneOfTwo) {
  folder_.write("t.csv", "a,y\n");
  const Settings settings = testing::settings_from({{"file", "t.csv"}, {"label", "y"}});
  EXPECT_THAT(
      error_of(ErrorKind::kSettings, [&] { builtin_datasets().find("csv").configure(settings); }),
      HasSubstr("'task' is missing: it has no default. It is one of classification or "
                "regression."));
}

TEST_F(Csv, AMissingFileNamesThePlacesSearched) {
  const auto loader = builtin_datasets().find("csv").configure(testing::settings_from(
      {{"file", "no.csv"}, {"label", "y"}, {"task", "regression"}}, "/somewhere/e.yaml"));
  EXPECT_THAT(error_of(ErrorKind::kData, [&] { loader({"/data"}); }),
              HasSubstr("Searched: /somewhere/no.csv, /data/no.csv"));
}

}  // namespace
}  // namespace oubli
