#include <ATen/ATen.h>
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <map>

#include "datasets/selection.h"
#include "datasets/source.h"
#include "experiments/selftest/source_checks.h"
#include "tests/support/files.h"
#include "tests/support/kept_promises.h"
#include "tests/support/sentences.h"

namespace oubli {
namespace {

using ::testing::ElementsAre;
using testing::error_of;
using ::testing::HasSubstr;
using testing::text_asked;
using testing::text_read;

const std::string kText =
    "one two three\nfour five\n\nsix seven eight nine ten\n\n\neleven twelve\n";

class TextSource : public ::testing::Test {
 protected:
  Settings settings(Json json) const {
    json["file"] = "a.txt";
    if (!json.contains("tokens")) json["tokens"] = "words";
    if (!json.contains("context")) json["context"] = 4;
    return testing::settings_from(json, (folder_.path() / "e.yaml").string());
  }
  LoadedData load(const std::string& content, const Json& json = Json::object()) {
    folder_.write("a.txt", content);
    const Settings read = settings(json);
    const auto loader = builtin_datasets().find("text").configure(read);
    read.finish();
    return loader({});
  }
  std::vector<std::string> asked(const std::string& content, const Json& json = Json::object(),
                                 bool answer = false) {
    const Dataset data = load(content, json).dataset;
    std::vector<std::string> all;
    for (std::int64_t i = 0; i < data.size(); ++i) all.push_back(text_asked(data, i, answer));
    return all;
  }
  std::string error(const std::string& content, const Json& json = Json::object(),
                    ErrorKind kind = ErrorKind::kData) {
    return error_of(kind, [&] { load(content, json); });
  }

  testing::TemporaryFolder folder_;
};

TEST_F(TextSource, IsCutWithinItsParagraphs) {
  const Dataset data = load(kText).dataset;
  ASSERT_EQ(data.size(), 5);
  EXPECT_EQ(text_read(data, 0), "<s> one two three");
  EXPECT_EQ(text_asked(data, 0), "one two three four");
  EXPECT_EQ(text_read(data, 1), "four five <s> <s>");
  EXPECT_EQ(text_asked(data, 1), "five <s> _ _");
  EXPECT_EQ(text_read(data, 2), "<s> six seven eight");
  EXPECT_EQ(text_asked(data, 3), "ten <s> _ _");
  EXPECT_EQ(text_asked(data, 4), "eleven twelve <s> _");
  EXPECT_EQ(data.name, "a");
}

TEST_F(TextSource, IsCutLineByLineOrAsOne) {
  EXPECT_THAT(asked(kText, {{"within", "line"}}),
              ElementsAre("one two three <s>", "four five <s> _", "six seven eight nine",
                          "ten <s> _ _", "eleven twelve <s> _"));
  EXPECT_THAT(asked(kText, {{"within", "file"}}),
              ElementsAre("one two three four", "five six seven eight", "nine ten eleven twelve"));
}

TEST_F(TextSource, ColumnsSayWhereARowStands) {
  const Dataset data = load(kText).dataset;
  const auto numbers = [&](const char* name) { return data.columns.at(name).numbers; };
  EXPECT_THAT(numbers("line"), ElementsAre(1, 2, 4, 4, 7));
  EXPECT_THAT(numbers("last_line"), ElementsAre(2, 2, 4, 4, 7));
  EXPECT_THAT(numbers("paragraph"), ElementsAre(1, 1, 2, 2, 3));
  EXPECT_EQ(data.columns.at("text").text(0), "one two three four");
  EXPECT_EQ(data.columns.at("text").text(3), "ten");
  EXPECT_EQ(data.places->text(4), (folder_.path() / "a.txt").string() + ":7");
  const Dataset whole = load(kText, {{"within", "file"}}).dataset;
  EXPECT_THAT(whole.columns.at("line").numbers, ElementsAre(1, 2, 4));
  EXPECT_THAT(whole.columns.at("paragraph").numbers, ElementsAre(1, 1, 2));
}

TEST_F(TextSource, CharactersAreTokensAndSoAreEndsOfLines) {
  const std::vector<std::string> found =
      asked("ab\ncd\n\nef", {{"tokens", "characters"}, {"context", 3}});
  EXPECT_THAT(found, ElementsAre("a b \n", "c d <s>", "e f <s>"));
  EXPECT_THAT(asked("ab\r\n\r\nef", {{"tokens", "characters"}, {"context", 3}, {"within", "file"}}),
              ElementsAre("a b \n", "\n e f"));
  const Dataset data = load("ab\ncd", {{"tokens", "characters"}, {"context", 3}}).dataset;
  EXPECT_EQ(data.columns.at("text").text(0), "ab\n");
  EXPECT_THAT(data.columns.at("line").numbers, ElementsAre(1, 2));
}

// The heart of the matter: what leaves with a row is asked for by no other, whatever the cut.
TEST_F(TextSource, EveryTokenIsAskedForOnce) {
  std::string text;
  std::map<std::string, int> times;
  for (int i = 0; i < 200; ++i) {
    text += fmt::format("w{}{}", i, i % 7 == 6 ? "\n" : i % 31 == 30 ? "\n\n" : " ");
    times[fmt::format("w{}", i)] = 1;
  }
  for (const char* within : {"line", "paragraph", "file"}) {
    for (const int stride : {0, 1, 2, 5}) {
      const LoadedData loaded =
          load(text, {{"within", within}, {"stride", stride}, {"context", 5}});
      std::map<std::string, int> found;
      const Tensor next = loaded.dataset.sequences.next;
      for (std::int64_t i = 0; i < next.numel(); ++i) {
        const auto token = next.flatten()[i].item<std::int64_t>();
        if (token > 0) ++found[loaded.dataset.class_names[static_cast<std::size_t>(token)]];
      }
      EXPECT_EQ(found, times) << within << " " << stride;
    }
  }
}

TEST_F(TextSource, AStrideLetsASequenceReadMore) {
  const std::string text = "a b c d e f g";
  const Dataset data = load(text, {{"stride", 2}}).dataset;
  ASSERT_EQ(data.size(), 3);
  EXPECT_EQ(text_asked(data, 0), "a b c d");
  EXPECT_EQ(text_read(data, 1), "b c d e");
  EXPECT_EQ(text_asked(data, 1), "_ _ e f");
  EXPECT_EQ(text_read(data, 2), "d e f g");
  EXPECT_EQ(text_asked(data, 2), "_ _ g <s>");
  EXPECT_THAT(error(text, {{"stride", 5}}, ErrorKind::kSettings), HasSubstr("passes over text"));
}

TEST_F(TextSource, TheAnswerIsTheSecondHalf) {
  const std::string text = "a b c d e f g";
  EXPECT_THAT(asked(text, {}, true), ElementsAre("c d", "f g"));
  EXPECT_THAT(asked(text, {{"answer", "last"}}, true), ElementsAre("d", "g"));
  EXPECT_THAT(asked(text, {{"answer", "all"}}, true), ElementsAre("a b c d", "e f g"));
  EXPECT_THAT(asked(text, {{"stride", 2}}, true), ElementsAre("c d", "f", "g"));
  EXPECT_THAT(asked("a\n\nb c", {}, true), ElementsAre("a", "c"));
}

TEST_F(TextSource, RareTokensAreOne) {
  EXPECT_THAT(asked("b a c a d b a e", {{"vocabulary", 2}}),
              ElementsAre("b a <rare> a", "<rare> b a <rare>"));
  EXPECT_THAT(asked("b a c d", {{"vocabulary", 2}, {"context", 2}}),
              ElementsAre("b a", "<rare> <rare>"))
      << "of equals those that come first are kept";
  EXPECT_THAT(asked("b a c d", {{"vocabulary", 4}, {"context", 2}}), ElementsAre("b a", "c d"));
}

TEST_F(TextSource, LinesAndParagraphsAreSelected) {
  std::string text;
  for (int i = 1; i <= 60; ++i)
    text += fmt::format("line {} says x{}\n{}", i, i, i % 5 ? "" : "\n");
  const LoadedData loaded = load(text, {{"within", "line"}, {"test_fraction", 0}});
  const auto select = [&](const Json& where) {
    const Settings read = testing::settings_from({{"where", where}});
    return configure_selection(read)(loaded.dataset, loaded.splits, Generator(0)).rows;
  };
  // Lines 7 to 13 of the file, of which 12 is blank.
  const Tensor rows = select({{"column", "line"}, {"at_least", 7}, {"at_most", 13}});
  ASSERT_EQ(rows.numel(), 6);
  EXPECT_EQ(text_asked(loaded.dataset, rows[0].item<std::int64_t>()), "line 6 says x6");
  EXPECT_EQ(text_asked(loaded.dataset, rows[5].item<std::int64_t>()), "line 11 says x11");
  EXPECT_EQ(select({{"column", "paragraph"}, {"is", {3}}}).numel(), 5);
}

TEST_F(TextSource, TestRowsAreDrawn) {
  std::string text;
  for (int i = 0; i < 400; ++i) text += fmt::format("w{} ", i % 50);
  const LoadedData loaded = load(text);
  EXPECT_EQ(loaded.splits.test.numel(), 10);
  EXPECT_EQ(loaded.splits.train.numel(), 90);
  EXPECT_EQ(loaded.splits.validation.numel(), 0);
  EXPECT_FALSE(loaded.splits.test.equal(load(text, {{"split_seed", 1}}).splits.test));
  const LoadedData other = load(text, {{"validation_fraction", 0.5}, {"test_fraction", 0}});
  EXPECT_EQ(other.splits.validation.numel(), 50);
  EXPECT_EQ(other.splits.test.numel(), 0);
}

TEST_F(TextSource, KeepsItsPromises) {
  load(kText);  // writes the file
  const SettingsNode node = settings({}).node();
  testing::expect_kept(testing::source_checks(), "text", builtin_datasets().find("text"), node,
                       DataFolders());
}

TEST_F(TextSource, SaysWhatIsWrong) {
  EXPECT_THAT(error(" \n\n"), HasSubstr("a.txt: there is nothing but blanks in it"));
  EXPECT_THAT(error("one two three"), HasSubstr("all of it, 3 tokens, is one sequence"));
  EXPECT_THAT(error("a b\nc \xff d\n"), HasSubstr("a.txt:2:3: the byte 0xff is not UTF-8"));
  EXPECT_THAT(error("a\x1b[2J\n"), HasSubstr("a.txt:1:2: found the control character"));
  EXPECT_THAT(error("a\rb\r"), HasSubstr("carriage return alone"));
  EXPECT_THAT(error("a b c d e", {{"within", "chapter"}}, ErrorKind::kSettings),
              HasSubstr("'chapter'"));
}

}  // namespace
}  // namespace oubli
