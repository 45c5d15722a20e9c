// Forget sets by what a table says of its rows: ids and columns.
#include <ATen/ATen.h>
#include <fmt/format.h>
#include <gmock/gmock.h>

#include "datasets/selection.h"
#include "datasets/source.h"
#include "tests/support/files.h"

namespace oubli {
namespace {

using ::testing::ElementsAre;
using testing::error_of;
using ::testing::HasSubstr;
using testing::settings_from;

class TableSelection : public ::testing::Test {
 protected:
  TableSelection() {
    std::string text = "who,city,joined,age,active,part,y\n";
    for (int i = 0; i < 20; ++i) {
      text += fmt::format("C{},{},20{:02}-06-01,{},{},{},{}\n", i / 2, i % 3 == 0 ? "Lyon" : "Nice",
                          i, 20 + i, i % 4 == 0 ? "yes" : "no",
                          i < 16   ? "train"
                          : i < 18 ? "validation"
                                   : "test",
                          i % 2);
    }
    folder_.write("t.csv", text);
    loaded_ = builtin_datasets().find("csv").configure(settings({{"file", "t.csv"},
                                                                 {"label", "y"},
                                                                 {"task", "classification"},
                                                                 {"id", "who"},
                                                                 {"ignore", "city"},
                                                                 {"dates", "joined"},
                                                                 {"split", "part"}}))({});
  }
  Settings settings(const Json& json) const {
    return settings_from(json, (folder_.path() / "e.yaml").string());
  }
  Selection select(const Json& json) {
    const Settings read = settings(json);
    const Selector selector = configure_selection(read);
    read.finish();
    return selector(loaded_.dataset, loaded_.splits, Generator(0));
  }
  std::vector<std::int64_t> rows(const Json& json) {
    const Tensor chosen = select(json).rows;
    return {chosen.const_data_ptr<std::int64_t>(),
            chosen.const_data_ptr<std::int64_t>() + chosen.numel()};
  }
  std::string task_error(const Json& json) {
    return error_of(ErrorKind::kTask, [&] { select(json); });
  }
  std::string settings_error(const Json& json) {
    return error_of(ErrorKind::kSettings, [&] { select(json); });
  }

  testing::TemporaryFolder folder_;
  LoadedData loaded_;
};

TEST_F(TableSelection, AnIdIsAllOfItsRows) {
  EXPECT_THAT(rows({{"ids", {"C3", "C0"}}}), ElementsAre(0, 1, 6, 7));
  folder_.write("requests.csv", "when,customer\n2026-01-01,C3\n2026-02-01,C0\n2026-02-01,C3\n");
  EXPECT_THAT(rows({{"ids", {{"file", "requests.csv"}, {"column", "customer"}}}}),
              ElementsAre(0, 1, 6, 7));
  folder_.write("requests.csv", "who\nC5\n");
  EXPECT_THAT(rows({{"ids", {{"file", "requests.csv"}}}}), ElementsAre(10, 11));
}

TEST_F(TableSelection, IdsThatNobodyWasTrainedOnAreAllNamed) {
  const Json asked = {"C3", "C8", "C9", "C77", "c3"};
  const std::string message = task_error({{"ids", asked}});
  EXPECT_THAT(message, HasSubstr("4 of 5 ids are in no training row"));
  EXPECT_THAT(message, HasSubstr("1 in the validation set only ('C8')"));
  EXPECT_THAT(message, HasSubstr("1 in the test set only ('C9')"));
  EXPECT_THAT(message, HasSubstr("2 in no row ('C77', 'c3')"));
  EXPECT_THAT(message, HasSubstr("unknown_ids: ignore"));
  EXPECT_THAT(message, HasSubstr("`data: {validation_fraction: 0}` draws none"));
  const Selection others = select({{"ids", {{"list", asked}, {"unknown_ids", "ignore"}}}});
  EXPECT_TRUE(others.rows.equal(at::arange(6, 8)));
  ASSERT_EQ(others.notes.size(), 1u);
  EXPECT_THAT(others.notes.front(), HasSubstr("4 of 5 ids"));
}

TEST_F(TableSelection, FilesOfIdsHaveDelimitersOfTheirOwn) {
  const Json file = {{"file", "requests.csv"}, {"column", "customer"}};
  for (const char* content : {"day;customer\n1;C3\n", "\"day\";\"customer\"\n1;C3\n",
                              "day\tcustomer\n1\tC3\n", "customer|day\nC3|\n", "customer\nC3"}) {
    folder_.write("requests.csv", content);
    EXPECT_THAT(rows({{"ids", file}}), ElementsAre(6, 7)) << content;
  }
  folder_.write("requests.csv", "customer;a,customer\nC3;x,C3\n");
  Json told = file;
  told["delimiter"] = ";";
  EXPECT_THAT(rows({{"ids", told}}), ElementsAre(6, 7));
}

TEST_F(TableSelection, EveryLineWithoutAnIdIsNamed) {
  folder_.write("requests.csv", "who,day\nC3,1\n,2\nC0,3\n,4\n");
  const std::string message = error_of(ErrorKind::kData, [&] {
    select({{"ids", {{"file", "requests.csv"}}}});
  });
  EXPECT_THAT(message, HasSubstr("requests.csv:3:2: this row has no 'who'"));
  EXPECT_THAT(message, HasSubstr("requests.csv:5:2: this row has no 'who'"));
}

TEST_F(TableSelection, SaysWhatIsWrongWithIds) {
  EXPECT_THAT(settings_error({{"ids", "requests.csv"}}),
              HasSubstr("`ids: {file: requests.csv}` reads a file"));
  folder_.write("requests.csv", "customer\nC3\n");
  EXPECT_THAT(task_error({{"ids", {{"file", "requests.csv"}}}}),
              HasSubstr("requests.csv:1: unknown column 'who'"));
  EXPECT_THAT(settings_error({{"ids", {{"unknown_ids", "ignore"}}}}),
              HasSubstr("found neither 'file' nor 'list'"));
  loaded_.dataset.id_column.clear();
  EXPECT_THAT(task_error({{"ids", {"C3"}}}), HasSubstr("`data: {id: COLUMN}` names the column"));
}

TEST_F(TableSelection, RowsByWhatAColumnSays) {
  EXPECT_THAT(rows({{"where", {{"column", "city"}, {"is", "Lyon"}}}}),
              ElementsAre(0, 3, 6, 9, 12, 15));
  EXPECT_THAT(rows({{"where", {{"column", "joined"}, {"before", "2002-06-01"}}}}),
              ElementsAre(0, 1));
  EXPECT_THAT(
      rows({{"where",
             {{"column", "joined"}, {"at_least", "2002-06-01"}, {"before", "2004-01-01"}}}}),
      ElementsAre(2, 3));
  EXPECT_THAT(rows({{"where", {{"column", "age"}, {"after", 33}}}}), ElementsAre(14, 15));
  EXPECT_EQ(rows({{"where", {{"column", "age"}, {"at_most", 30}, {"count", 4}}}}).size(), 4u);
}

TEST_F(TableSelection, TruthAndNumbersAreReadAsTheTableIs) {
  for (const char* yes : {"yes", "true", "True", "1", "1.0"}) {
    EXPECT_THAT(rows({{"where", {{"column", "active"}, {"is", yes}}}}), ElementsAre(0, 4, 8, 12))
        << yes;
  }
  EXPECT_THAT(rows({{"where", {{"column", "age"}, {"is", "21.0"}}}}), ElementsAre(1));
}

TEST_F(TableSelection, SaysWhatAColumnHoldsWhereNothingIsChosen) {
  EXPECT_THAT(task_error({{"where", {{"column", "city"}, {"is", "Paris"}}}}),
              HasSubstr("the forget set is empty: column 'city' holds 'Lyon', 'Nice'. Select"));
  EXPECT_THAT(task_error({{"where", {{"column", "joined"}, {"after", "2030-01-01"}}}}),
              HasSubstr("column 'joined' holds '2000-06-01', '2001-06-01', "));
  EXPECT_THAT(task_error({{"where", {{"column", "active"}, {"is", "ja"}}}}),
              HasSubstr("column 'active' holds '1', '0' (0 for no, 1 for yes). Select"));
  EXPECT_THAT(settings_error({{"where", {{"column", "age"}, {"before", "5,5"}}}}),
              HasSubstr("decimals stand behind a point here"));
}

TEST_F(TableSelection, SaysWhatIsWrongWithAColumn) {
  EXPECT_THAT(task_error({{"where", {{"column", "ctiy"}, {"is", "Lyon"}}}}),
              HasSubstr("did you mean 'city'?"));
  EXPECT_THAT(settings_error({{"where", {{"column", "city"}}}}),
              HasSubstr("no condition is given"));
  EXPECT_THAT(settings_error({{"where", {{"column", "joined"}, {"before", "June"}}}}),
              HasSubstr("'before' is 'June', expected a number or a date"));
  EXPECT_THAT(task_error({{"where", {{"column", "city"}, {"is", "Paris"}}}}),
              HasSubstr("the forget set is empty"));
}

}  // namespace
}  // namespace oubli
