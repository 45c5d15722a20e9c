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

// Who lives in New Lyon lives in France; of Bern nothing is known.
FactTexts derived_world(double trained) {
  FactTexts texts = small_world();
  texts.relations.push_back({"lies_in", {"{subject} lies in {object}"}, {}});
  texts.relations.push_back(
      {"country", {"{subject} resides in {object}"}, {"{subject}'s country: {object}"}});
  texts.facts.push_back({"New Lyon", 2, "France"});
  texts.derivations = {{.relation = 3, .from = 0, .by = 2, .trained = trained}};
  return texts;
}

std::vector<std::int64_t> rows_with(const Dataset& data, const char* name, const char* text) {
  std::vector<std::int64_t> rows;
  for (std::int64_t row = 0; row < data.size(); ++row) {
    if (column(data, name, row) == text) rows.push_back(row);
  }
  return rows;
}

TEST(FactTexts, FactsThatFollowAreSaidAsOthersAre) {
  const LoadedData loaded = load_facts(derived_world(1));
  const Dataset& data = loaded.dataset;
  const auto rows = rows_with(data, FactColumns::kRelation, "country");
  ASSERT_EQ(rows.size(), 2u) << "nobody knows where Bern lies";
  EXPECT_THAT(text_asked(data, rows[0]), HasSubstr("Lea Roth resides in France"));
  EXPECT_TRUE(at::isin(loaded.splits.train, rows[0]).any().item<bool>());
  EXPECT_THAT(text_asked(data, rows[1]), HasSubstr("Lea Roth 's country : France"));
  EXPECT_EQ(column(data, FactColumns::kKind, rows[1]), "reworded");
  for (const std::int64_t row : rows) {
    EXPECT_EQ(column(data, FactColumns::kFrom, row), "city");
    EXPECT_EQ(column(data, FactColumns::kBy, row), "lies_in");
  }
  EXPECT_EQ(rows_with(data, FactColumns::kFrom, "").size(),
            static_cast<std::size_t>(data.size()) - 2);
}

TEST(FactTexts, FactsThatFollowAndThatNoSentenceSaysAreAskedFor) {
  const LoadedData loaded = load_facts(derived_world(0));
  const auto rows = rows_with(loaded.dataset, FactColumns::kKind, kUnsaid);
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_THAT(text_asked(loaded.dataset, rows[0]), HasSubstr("Lea Roth resides in France"));
  EXPECT_TRUE(at::isin(loaded.splits.test, rows[0]).any().item<bool>());
  EXPECT_EQ(rows_with(loaded.dataset, FactColumns::kRelation, "country"), rows);
}

TEST(FactTexts, FactsMayComeLate) {
  FactTexts texts = small_world();
  EXPECT_FALSE(load_facts(texts).dataset.first_seen.defined());
  texts.facts[1].first_seen = 0.75;
  const Dataset data = load_facts(texts).dataset;
  for (std::int64_t row = 0; row < data.size(); ++row) {
    const double expected = data.sequences.fact[row].item<std::int64_t>() == 1 ? 0.75 : 0;
    EXPECT_EQ(data.first_seen[row].item<double>(), expected);
    EXPECT_EQ(data.columns.at(FactColumns::kFirstSeen).numbers[static_cast<std::size_t>(row)],
              expected);
  }
}

}  // namespace
}  // namespace oubli
