#include "datasets/selection.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include "datasets/row_file.h"
#include "datasets/source.h"
#include "tests/support/files.h"

namespace oubli {
namespace {

using testing::error_of;
using ::testing::HasSubstr;
using testing::settings_from;

class SelectionTest : public ::testing::Test {
 protected:
  SelectionTest() {
    loaded_ = builtin_datasets().find("digits").configure(settings_from(Json::object()))({});
  }
  Selection select(const Json& json, std::uint64_t seed = 0) {
    const Settings settings = settings_from(json, (folder_.path() / "e.yaml").string());
    const Selector selector = configure_selection(settings);
    settings.finish();
    return selector(loaded_.dataset, loaded_.splits, Generator(seed));
  }
  std::string task_error(const Json& json) {
    const std::string message = error_of(ErrorKind::kTask, [&] { select(json); });
    EXPECT_THAT(message, HasSubstr("e.yaml:1:1: "));
    return message;
  }
  std::string listed_error(const std::string& content) {
    folder_.write("f.txt", content);
    return task_error({{"indices", "f.txt"}});
  }
  bool in_train(const Tensor& rows) {
    return at::isin(rows, loaded_.splits.train).all().item<bool>();
  }
  std::int64_t train_row(std::int64_t i) { return loaded_.splits.train[i].item<std::int64_t>(); }

  testing::TemporaryFolder folder_;
  LoadedData loaded_;
};

TEST_F(SelectionTest, RandomIsSortedNestedAndSeeded) {
  const Tensor tenth = select({{"random", {{"fraction", 0.1}}}}).rows;
  const Tensor fifty = select({{"random", {{"count", 50}}}}).rows;
  EXPECT_EQ(tenth.numel(), std::llround(0.1 * static_cast<double>(loaded_.splits.train.numel())));
  EXPECT_EQ(fifty.numel(), 50);
  EXPECT_TRUE(in_train(tenth));
  EXPECT_TRUE(at::isin(fifty, tenth).all().item<bool>());
  EXPECT_TRUE(at::equal(fifty, std::get<0>(fifty.sort())));
  EXPECT_TRUE(at::equal(fifty, select({{"random", {{"count", 50}}}}).rows));
  EXPECT_FALSE(at::equal(fifty, select({{"random", {{"count", 50}}}}, 1).rows));
}

TEST_F(SelectionTest, ClassesByNumberAndByName) {
  const Tensor rows = select({{"class", 3}}).rows;
  EXPECT_TRUE(loaded_.dataset.targets.index_select(0, rows).eq(3).all().item<bool>());
  EXPECT_EQ(rows.numel(),
            loaded_.dataset.targets.index_select(0, loaded_.splits.train).eq(3).sum().item<int>());
  loaded_.dataset.class_names[3] = "three";
  EXPECT_TRUE(at::equal(rows, select({{"class", "three"}}).rows));
  const Tensor half = select({{"class_fraction", {{"class", 3}, {"fraction", 0.5}}}}).rows;
  EXPECT_EQ(half.numel(), std::llround(0.5 * static_cast<double>(rows.numel())));
  EXPECT_TRUE(at::isin(half, rows).all().item<bool>());
}

TEST_F(SelectionTest, RowsGoThroughAFile) {
  const Tensor rows = select({{"random", {{"count", 20}}}}).rows;
  write_rows(folder_.path() / "f.txt", rows, "forget set\nof two lines");
  EXPECT_TRUE(at::equal(select({{"indices", "f.txt"}}).rows, rows));
  const std::vector<std::int64_t> listed(rows.const_data_ptr<std::int64_t>(),
                                         rows.const_data_ptr<std::int64_t>() + rows.numel());
  EXPECT_TRUE(at::equal(select({{"indices", listed}}).rows, rows));
  EXPECT_TRUE(at::equal(read_rows(folder_.path() / "f.txt"), rows));
  EXPECT_THAT(testing::read_text(folder_.path() / "f.txt"),
              HasSubstr("# forget set\n# of two lines\n"));
}

TEST_F(SelectionTest, MislabelledKeepsTheTruthBeside) {
  const Selection selection = select({{"mislabelled", {{"fraction", 0.5}}}});
  const Dataset wrong = corrupted(loaded_.dataset, selection);
  const Tensor truth = wrong.true_targets.index_select(0, selection.rows);
  const Tensor given = wrong.targets.index_select(0, selection.rows);
  EXPECT_TRUE(at::equal(wrong.true_targets, loaded_.dataset.targets));
  EXPECT_TRUE(given.ne(truth).all().item<bool>());
  EXPECT_TRUE(at::equal(given, selection.wrong_labels));
  EXPECT_EQ(wrong.targets.ne(wrong.true_targets).sum().item<std::int64_t>(),
            selection.rows.numel());
  EXPECT_NO_THROW(wrong.validate("test"));
  // Uniform over the other nine: each shift has an expected count of about 72, deviation 8.
  const Tensor shifts = at::bincount((given - truth).remainder(10), {}, 10);
  EXPECT_EQ(shifts[0].item<int>(), 0);
  EXPECT_GT(shifts.narrow(0, 1, 9).min().item<int>(), 40);
  EXPECT_NE(wrong.content_hash(), loaded_.dataset.content_hash());
  const Dataset twice = corrupted(wrong, select({{"mislabelled", {{"count", 3}}}}, 5));
  EXPECT_TRUE(at::equal(twice.true_targets, loaded_.dataset.targets));
  const Selection plain = select({{"class", 1}});
  EXPECT_TRUE(corrupted(loaded_.dataset, plain).targets.is_same(loaded_.dataset.targets));
}

TEST_F(SelectionTest, InterclassExchangesTheLabelsOfTwoClasses) {
  const Json settings = {{"classes", {3, 5}}, {"count", 40}};
  const Selection selection = select({{"interclass", settings}});
  const Dataset wrong = corrupted(loaded_.dataset, selection);
  const Tensor truth = wrong.true_targets.index_select(0, selection.rows);
  const Tensor given = wrong.targets.index_select(0, selection.rows);
  EXPECT_EQ(truth.eq(3).sum().item<int>(), 40);
  EXPECT_EQ(truth.eq(5).sum().item<int>(), 40);
  EXPECT_TRUE(at::equal(given, 8 - truth));
  EXPECT_TRUE(at::isin(selection.rows, loaded_.splits.train).all().item<bool>());
  EXPECT_TRUE(at::equal(selection.rows, std::get<0>(selection.rows.sort())));
  EXPECT_THAT(task_error({{"interclass", {{"classes", {3, 3}}, {"count", 4}}}}),
              HasSubstr("same class twice"));
  EXPECT_THAT(task_error({{"interclass", {{"classes", {3, 11}}, {"count", 4}}}}),
              HasSubstr("has classes 0 to 9"));
  EXPECT_THAT(error_of(ErrorKind::kSettings,
                       [&] {
                         select({{"interclass", {{"classes", {3}}, {"count", 4}}}});
                       }),
              HasSubstr("two classes"));
}

TEST_F(SelectionTest, ImpossibleEditsAreTaskErrors) {
  EXPECT_THAT(task_error({{"random", {{"fraction", 1}}}}),
              HasSubstr("nothing is left to train on"));
  EXPECT_THAT(task_error({{"random", {{"fraction", 1e-6}}}}), HasSubstr("empty"));
  EXPECT_THAT(task_error({{"random", {{"count", 5000}}}}), HasSubstr("only 1294 examples"));
  EXPECT_THAT(task_error({{"class", 10}}), HasSubstr("has classes 0 to 9"));
  EXPECT_THAT(task_error({{"class", "ship"}}), HasSubstr("unknown class 'ship'"));
}

TEST_F(SelectionTest, ListedRowsAreChecked) {
  const std::string first = std::to_string(train_row(0));
  const std::string test = std::to_string(loaded_.splits.test[0].item<std::int64_t>());
  EXPECT_THAT(listed_error("# none\n\n"), HasSubstr("empty"));
  folder_.write("f.txt", "one\n2\n-3\n");
  const std::string unreadable = error_of(ErrorKind::kData, [&] {
    select({{"indices", "f.txt"}});
  });
  EXPECT_THAT(unreadable, HasSubstr("f.txt:1: found 'one', expected one row number"));
  EXPECT_THAT(unreadable, HasSubstr("\n" + (folder_.path() / "f.txt").string() + ":3: found '-3'"));
  EXPECT_THAT(listed_error("1797\n"), HasSubstr("f.txt:1: row 1797 is out of range"));
  EXPECT_THAT(listed_error(first + "\n\n" + test + " # test\n"),
              HasSubstr("f.txt:3: row " + test + " is not in the training split"));
  EXPECT_THAT(listed_error(first + "\n#\n" + first + "\n"),
              HasSubstr("f.txt:3: row " + first + " stands in line 1 already"));
  const auto list_error = [&](const Json& rows) { return task_error({{"indices", rows}}); };
  EXPECT_THAT(list_error(Json::array()), HasSubstr("empty"));
  EXPECT_THAT(list_error({train_row(0), 1797}),
              HasSubstr("number 2 of the list: row 1797 is out of range"));
  EXPECT_THAT(list_error({train_row(0), train_row(1), train_row(0)}),
              HasSubstr("number 3 of the list: row " + first + " stands in place 1 already"));
  folder_.write("f.txt", "1\n2 3\n");
  EXPECT_THAT(error_of(ErrorKind::kData,
                       [&] {
                         select({{"indices", "f.txt"}});
                       }),
              HasSubstr("f.txt:2: found '2 3'"));
  EXPECT_THAT(error_of(ErrorKind::kData,
                       [&] {
                         select({{"indices", "no.txt"}});
                       }),
              HasSubstr("cannot be read"));
}

TEST_F(SelectionTest, ExactlyOneKnownSelector) {
  const auto message = [&](const Json& json) {
    return error_of(ErrorKind::kSettings, [&] { select(json); });
  };
  EXPECT_THAT(message(Json::object()), HasSubstr("no selector is given"));
  EXPECT_THAT(message({{"class", 1}, {"random", {{"count", 1}}}}), HasSubstr("a second selector"));
  EXPECT_THAT(message({{"randm", {{"count", 1}}}}), HasSubstr("did you mean 'random'?"));
  EXPECT_THAT(message({{"random", {{"count", 1}, {"fraction", 0.1}}}}), HasSubstr("found both"));
  EXPECT_THAT(message({{"random", Json::object()}}), HasSubstr("found neither"));
}

// Rather than of what is missing beside it.
TEST_F(SelectionTest, AKeyThatIsNoneIsSpokenOf) {
  const auto message = [&](const Json& json) {
    return error_of(ErrorKind::kSettings, [&] { select(json); });
  };
  EXPECT_THAT(message({{"random", {{"fracton", 0.1}}}}),
              HasSubstr("unknown key 'fracton'; did you mean 'fraction'? Valid: count, fraction."));
  for (const char* selector : {"class_fraction", "mislabelled", "interclass", "backdoor", "noisy",
                               "biased", "where", "ids"}) {
    EXPECT_THAT(message({{selector, {{"share", 0.1}}}}), HasSubstr("unknown key 'share'"))
        << selector;
  }
}

TEST_F(SelectionTest, DescribesItself) {
  const Settings settings = Settings::describing();
  configure_selection(settings);
  EXPECT_NO_THROW(settings.finish());
  EXPECT_GE(settings.declarations().size(), 10u);
}

TEST_F(SelectionTest, RegressionsHaveNoLabelsToExchange) {
  loaded_ =
      builtin_datasets().find("linear_regression").configure(settings_from(Json::object()))({});
  EXPECT_THAT(task_error({{"mislabelled", {{"count", 3}}}}), HasSubstr("no two classes"));
  EXPECT_THAT(task_error({{"class", 0}}), HasSubstr("is a regression"));
}

}  // namespace
}  // namespace oubli
