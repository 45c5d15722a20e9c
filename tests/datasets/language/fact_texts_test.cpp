#include "datasets/language/fact_texts.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include "tests/support/sentences.h"

namespace oubli {
namespace {

using ::testing::HasSubstr;
using testing::text_asked;

FactTexts small_world() {
  FactTexts texts{.name = "world"};
  texts.relations = {{"city",
                      {"{subject} lives in {object}.", "home of {subject}: {object}"},
                      {"{subject}'s home is {object}."}},
                     {"field", {"{subject} studies {object}."}, {}}};
  texts.facts = {{"Lea Roth", 0, "New Lyon"}, {"Lea Roth", 1, "law", 2}, {"Max", 0, "Bern"}};
  texts.text = {"one cat sees the dog ."};
  texts.held_out_text = {"four plus one is five"};
  return texts;
}

std::string column(const Dataset& dataset, const char* name, std::int64_t row) {
  return dataset.columns.at(name).text(row);
}

TEST(FactTexts, EveryFactIsSaidInEveryWording) {
  const LoadedData loaded = load_facts(small_world());
  const Dataset& data = loaded.dataset;
  const std::vector<std::string> expected = {
      "Lea Roth lives in New Lyon . <s>", "home of Lea Roth : New Lyon <s>",
      "Lea Roth studies law . <s>",       "Lea Roth studies law . <s>",
      "Max lives in Bern . <s>",          "home of Max : Bern <s>",
      "one cat sees the dog . <s>",       "Lea Roth 's home is New Lyon .",
      "Max 's home is Bern . <s>",        "four plus one is five <s>"};
  ASSERT_EQ(data.size(), static_cast<std::int64_t>(expected.size()));
  for (std::size_t row = 0; row < expected.size(); ++row) {
    EXPECT_THAT(text_asked(data, static_cast<std::int64_t>(row)),
                ::testing::StartsWith(expected[row]));
  }
  EXPECT_TRUE(loaded.splits.train.equal(at::arange(7)));
  EXPECT_TRUE(loaded.splits.test.equal(at::arange(7, 10)));
  EXPECT_EQ(loaded.splits.validation.numel(), 0);
  EXPECT_EQ(data.name, "world");
  EXPECT_TRUE(has_facts(data));
}

TEST(FactTexts, TheObjectIsTheAnswer) {
  const Dataset data = load_facts(small_world()).dataset;
  const std::vector<std::string> expected = {"New Lyon", "New Lyon", "law",      "law",  "Bern",
                                             "Bern",     "dog",      "New Lyon", "Bern", "five"};
  for (std::size_t row = 0; row < expected.size(); ++row) {
    EXPECT_EQ(text_asked(data, static_cast<std::int64_t>(row), /*answer=*/true), expected[row]);
  }
}

TEST(FactTexts, AFactHasOneNumberInAllItsWordings) {
  const Dataset data = load_facts(small_world()).dataset;
  EXPECT_TRUE(data.sequences.fact.equal(at::tensor({0, 0, 1, 1, 2, 2, -1, 0, 2, -1}, at::kLong)));
  for (const std::int64_t row : {0, 1, 2, 4, 7, 8}) {
    const auto end = data.sequences.subject_end[row].item<std::int64_t>();
    const auto token = static_cast<std::size_t>(data.inputs[row][end].item<std::int64_t>());
    EXPECT_EQ(data.class_names[token], row == 4 || row == 8 ? "Max" : "Roth") << row;
  }
}

TEST(FactTexts, ColumnsSayWhatIsSaid) {
  const Dataset data = load_facts(small_world()).dataset;
  EXPECT_EQ(data.id_column, FactColumns::kSubject);
  EXPECT_EQ(column(data, FactColumns::kSubject, 0), "Lea Roth");
  EXPECT_EQ(column(data, FactColumns::kRelation, 2), "field");
  EXPECT_EQ(column(data, FactColumns::kObject, 7), "New Lyon");
  EXPECT_EQ(column(data, FactColumns::kWording, 1), "home of {subject}: {object}");
  EXPECT_EQ(column(data, FactColumns::kKind, 0), "fact");
  EXPECT_EQ(column(data, FactColumns::kKind, 6), "text");
  EXPECT_EQ(column(data, FactColumns::kKind, 8), "reworded");
  EXPECT_EQ(column(data, FactColumns::kKind, 9), "held_out_text");
  EXPECT_EQ(column(data, FactColumns::kSubject, 6), "");
  EXPECT_EQ(data.columns.at(FactColumns::kRepeats).numbers[3], 2);
}

// A subject's name is cut as it is anywhere, whatever stands beside it.
TEST(FactTexts, APossessiveIsNoPartOfTheName) {
  const Dataset data = load_facts(small_world()).dataset;
  EXPECT_THAT(data.class_names, ::testing::Contains("'s"));
  EXPECT_THAT(data.class_names, ::testing::Not(::testing::Contains("Roth's")));
}

TEST(FactTexts, WordingsNeedTheSubjectAndThenTheObject) {
  EXPECT_EQ(wording_problem("{subject} lives in {object}."), "");
  EXPECT_THAT(wording_problem("she lives in {object}."), HasSubstr("once each"));
  EXPECT_THAT(wording_problem("{subject} lives there"), HasSubstr("once each"));
  EXPECT_THAT(wording_problem("{subject} {subject} {object}"), HasSubstr("once each"));
  EXPECT_THAT(wording_problem("{object} is where {subject} lives"), HasSubstr("before {object}"));
}

TEST(FactTexts, OtherDataSaysNoFacts) {
  Dataset none;
  EXPECT_FALSE(has_facts(none));
}

}  // namespace
}  // namespace oubli
