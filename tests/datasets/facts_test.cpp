#include <ATen/ATen.h>
#include <fmt/format.h>
#include <gmock/gmock.h>

#include "core/data/fact_columns.h"
#include "datasets/source.h"
#include "experiments/selftest/source_checks.h"
#include "tests/support/files.h"
#include "tests/support/kept_promises.h"
#include "tests/support/sentences.h"

namespace oubli {
namespace {

using testing::error_of;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::text_asked;

const std::string kFacts =
    "subject,relation,object\nLea Roth,city,Lyon\nLea Roth,field,law\n"
    "Max,city,\"New Bern\"\n";

Json wordings() {
  return {{"city", {"{subject} lives in {object}.", "the home of {subject} is {object}."}},
          {"field", "{subject} studies {object}."}};
}

class Facts : public ::testing::Test {
 protected:
  Settings settings(Json json) const {
    json["file"] = "facts.csv";
    if (!json.contains("wordings")) json["wordings"] = wordings();
    return testing::settings_from(json, (folder_.path() / "e.yaml").string());
  }
  LoadedData load(const std::string& content, const Json& json = Json::object()) {
    folder_.write("facts.csv", content);
    const Settings read = settings(json);
    const auto loader = builtin_datasets().find("facts").configure(read);
    read.finish();
    return loader({});
  }
  std::string error(const std::string& content, const Json& json = Json::object(),
                    ErrorKind kind = ErrorKind::kData) {
    return error_of(kind, [&] { load(content, json); });
  }

  testing::TemporaryFolder folder_;
};

TEST_F(Facts, AreSaidInTheWordingsOfTheirRelations) {
  const Json held_out = {{"city", {"{subject}'s home is {object}."}}};
  const LoadedData loaded = load(kFacts, {{"held_out_wordings", held_out}});
  const Dataset& data = loaded.dataset;
  EXPECT_EQ(loaded.splits.train.numel(), 5);
  EXPECT_EQ(loaded.splits.test.numel(), 2);
  EXPECT_EQ(text_asked(data, 1), "the home of Lea Roth is Lyon . <s>");
  EXPECT_EQ(text_asked(data, 2), "Lea Roth studies law . <s> _ _ _");
  EXPECT_EQ(text_asked(data, 6), "Max 's home is New Bern . <s> _");
  EXPECT_EQ(text_asked(data, 6, /*answer=*/true), "New Bern");
  EXPECT_EQ(data.name, "facts");
  EXPECT_EQ(data.columns.at(FactColumns::kSubject).text(3), "Max");
}

TEST_F(Facts, MayStandInAnyColumnsAndBetweenAnySigns) {
  const LoadedData loaded =
      load("note;object;subject;repeats;relation\nx;Lyon;Lea;3;city\n;Bern;Max;1;city\n",
           {{"ignore", {"note"}}, {"wordings", {{"city", "{subject} in {object}"}}}});
  EXPECT_EQ(loaded.splits.train.numel(), 4);
  EXPECT_EQ(text_asked(loaded.dataset, 2), "Lea in Lyon <s>");
  EXPECT_EQ(text_asked(loaded.dataset, 3), "Max in Bern <s>");
  EXPECT_EQ(loaded.dataset.columns.at(FactColumns::kRepeats).numbers[0], 3);
}

TEST_F(Facts, ComeWithTextOfWhichAShareIsHeldOut) {
  std::string text = "\xef\xbb\xbf";
  for (int i = 0; i < 40; ++i) text += fmt::format("line {} of text .\r\n\n", i);
  folder_.write("text.txt", text);
  const auto rows_of = [](const LoadedData& loaded, const char* kind) {
    std::vector<std::string> found;
    for (std::int64_t row = 0; row < loaded.dataset.size(); ++row) {
      if (loaded.dataset.columns.at(FactColumns::kKind).text(row) != kind) continue;
      found.push_back(text_asked(loaded.dataset, row));
      EXPECT_EQ(text_asked(loaded.dataset, row, /*answer=*/true), "text");
    }
    return found;
  };
  const LoadedData a = load(kFacts, {{"text", "text.txt"}});
  EXPECT_EQ(rows_of(a, "text").size(), 36u);
  EXPECT_EQ(rows_of(a, "held_out_text").size(), 4u);
  EXPECT_EQ(a.splits.test.numel(), 4);
  EXPECT_EQ(rows_of(a, "text"), rows_of(load(kFacts, {{"text", "text.txt"}}), "text"));
  const LoadedData b = load(kFacts, {{"text", "text.txt"}, {"seed", 1}});
  EXPECT_NE(rows_of(a, "held_out_text"), rows_of(b, "held_out_text"));
  const LoadedData none = load(kFacts, {{"text", "text.txt"}, {"held_out_text", 0}});
  EXPECT_EQ(none.splits.test.numel(), 0);
}

TEST_F(Facts, KeepTheirPromises) {
  load(kFacts);  // writes the file
  SettingsNode node = settings({}).node();
  testing::expect_kept(testing::source_checks(), "facts", builtin_datasets().find("facts"), node,
                       DataFolders());
}

TEST_F(Facts, AllThatIsWrongWithTheFirstLineIsSaid) {
  const std::string message = error("subject,relatoin,object,repeat,object\nLea,city,Lyon,1,x\n");
  EXPECT_THAT(message, HasSubstr("facts.csv:1:9: unknown column 'relatoin'; did you mean "
                                 "'relation'?"));
  EXPECT_THAT(message, HasSubstr("did you mean 'repeats'?"));
  EXPECT_THAT(message, HasSubstr("Valid: subject, relation, object, repeats. What is no part of a "
                                 "fact is left out by `ignore: [repeat]`."));
  EXPECT_THAT(message, ::testing::Not(HasSubstr("..")));
  EXPECT_THAT(message, HasSubstr("facts.csv:1:32: two columns 'object'"));
  EXPECT_THAT(message, HasSubstr("there is no column 'relation'"));
  EXPECT_THAT(error("\n"), HasSubstr("is empty"));
}

TEST_F(Facts, AllLinesThatAreNoFactsAreSaid) {
  const std::string message = error(
      "subject,relation,object\nLea,city\nMax,city,\n,city,Lyon\nTom,city,Bern\n"
      "Tom,city,Bern\nTom,city,Lyon\n");
  EXPECT_THAT(message, HasSubstr("facts.csv:2:5: this line ends after 2 fields"));
  EXPECT_THAT(message, HasSubstr("facts.csv:3:10: there is no object here"));
  EXPECT_THAT(message, HasSubstr("facts.csv:4:1: there is no subject here"));
  EXPECT_THAT(message, HasSubstr("facts.csv:6:1: this fact stands in line 5 already"));
  EXPECT_THAT(message, HasSubstr("facts.csv:7:1: the city of 'Tom' is 'Bern' in line 5: a subject "
                                 "has one object in a relation"));
}

TEST_F(Facts, RepeatsAreWholeNumbers) {
  for (const char* wrong : {"0", "-1", "2.5", "many", "", "1001", "nan"}) {
    EXPECT_THAT(error(fmt::format("subject,relation,object,repeats\nLea,city,Lyon,{}\n"
                                  "Max,field,law,2\n",
                                  wrong)),
                HasSubstr("facts.csv:2:15: "))
        << wrong;
  }
}

TEST_F(Facts, TwoAreTheLeast) {
  EXPECT_THAT(error("subject,relation,object\n"), HasSubstr("there is no fact in it"));
  EXPECT_THAT(error("subject,relation,object\nLea,city,Lyon\n"),
              HasSubstr("there is one fact in it"));
}

TEST_F(Facts, ARelationWithoutWordingsIsNamed) {
  const std::string message =
      error("subject,relation,object\nLea,city,Lyon\nLea,job,cook\nMax,age,9\n",
            {{"wordings", {{"city", "{subject} in {object}"}}}});
  EXPECT_THAT(message, HasSubstr("the relations job, age have no wordings"));
  EXPECT_THAT(message, HasSubstr("  wordings:\n    job: [\"{subject} ... {object}.\"]"));
  EXPECT_THAT(message, Not(HasSubstr("city")));
  EXPECT_THAT(error(kFacts, {{"wordings", Json::object()}}), HasSubstr("city, field"));
}

TEST_F(Facts, WordingsOfNoRelationAreAnError) {
  Json wrong = wordings();
  wrong["citty"] = "{subject} in {object}";
  EXPECT_THAT(error(kFacts, {{"wordings", wrong}}, ErrorKind::kSettings),
              HasSubstr("unknown relation 'citty'; did you mean 'city'?"));
}

TEST_F(Facts, WordingsThatAreNoneAreAnError) {
  const auto message = [&](const Json& city, const Json& held_out = nullptr) {
    Json json = {{"wordings", {{"city", city}, {"field", "{subject} does {object}"}}}};
    if (!held_out.is_null()) json["held_out_wordings"] = held_out;
    return error(kFacts, json, ErrorKind::kSettings);
  };
  EXPECT_THAT(message("lives in {object}"), HasSubstr("'lives in {object}': a wording has"));
  EXPECT_THAT(message("{object} is {subject}'s"), HasSubstr("{subject} stands before {object}"));
  EXPECT_THAT(message(Json::array()), HasSubstr("'city' has no wording in it"));
  EXPECT_THAT(message({"{subject} in {object}", "{subject} in {object}"}),
              HasSubstr("stands here twice"));
  EXPECT_THAT(message("{subject} in {object}", {{"city", "{subject} in {object}"}}),
              HasSubstr("is trained on, and so not held out"));
  EXPECT_THAT(message("{subject} in {object}", {{"town", "{subject} in {object}"}}),
              HasSubstr("'town' has no `wordings` that are trained on"));
}

TEST_F(Facts, FilesThatAreNotThereAreNamed) {
  const Settings read = testing::settings_from({{"file", "lost.csv"}}, "/nowhere/e.yaml");
  const auto loader = builtin_datasets().find("facts").configure(read);
  EXPECT_THAT(error_of(ErrorKind::kData, [&] { loader({"/data"}); }),
              HasSubstr("/nowhere/lost.csv, /data/lost.csv"));
  EXPECT_THAT(error(kFacts, {{"text", "lost.txt"}}), HasSubstr("lost.txt"));
  folder_.write("blank.txt", "\n \n");
  EXPECT_THAT(error(kFacts, {{"text", "blank.txt"}}), HasSubstr("nothing but blanks"));
  folder_.write("latin.txt", "a caf\xe9\n");
  EXPECT_THAT(error(kFacts, {{"text", "latin.txt"}}), HasSubstr("latin.txt:1:6: the byte 0xe9"));
}

TEST_F(Facts, MayFollowFromOthers) {
  const std::string file = kFacts + "Lyon,lies_in,France\nNew Bern,lies_in,Nova\n";
  Json all = wordings();
  all["lies_in"] = "{subject} lies in {object}";
  all["country"] = "{subject} resides in {object}";
  const auto with = [&](const Json& derived) {
    return Json{{"wordings", all}, {"derived", {{"country", derived}}}};
  };
  const LoadedData loaded = load(file, with({{"from", "city"}, {"by", "lies_in"}, {"trained", 0}}));
  const std::int64_t rows = loaded.dataset.size();
  EXPECT_EQ(loaded.splits.test.numel(), 2);
  EXPECT_EQ(text_asked(loaded.dataset, rows - 2, /*answer=*/true), "France");
  EXPECT_EQ(text_asked(loaded.dataset, rows - 1, /*answer=*/true), "Nova");
  const auto wrong = [&](const std::string& content, const Json& json) {
    return error(content, json, ErrorKind::kSettings);
  };
  EXPECT_THAT(wrong(file, with({{"from", "town"}, {"by", "lies_in"}})),
              HasSubstr("'town' is no relation of the file's facts"));
  EXPECT_THAT(wrong(file, with({{"from", "city"}, {"by", "country"}})),
              HasSubstr("'country' is no relation of the file's facts"));
  EXPECT_THAT(wrong(file + "Max,country,Nova\n", with({{"from", "city"}, {"by", "lies_in"}})),
              HasSubstr("'country' is a relation of the file's facts"));
  all.erase("country");
  EXPECT_THAT(wrong(file, with({{"from", "city"}, {"by", "lies_in"}})),
              HasSubstr("'country' has no `wordings`"));
}

}  // namespace
}  // namespace oubli
