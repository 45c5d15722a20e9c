#include "datasets/language/fact_rows.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include "datasets/language/fact_texts.h"
#include "tests/support/expect_error.h"
#include "tests/support/sentences.h"

namespace oubli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::text_asked;
using testing::text_read;

// Facts 0: Lea's city Lyon, 1: Lea's field law, 2: Max's city New Bern; rows 0 .. 5 are trained on,
// 6 is text, and 7 and 8 ask for the cities in other words.
LoadedData world(std::int64_t context = 0) {
  FactTexts texts{.name = "world", .context = context};
  texts.relations = {{"city",
                      {"{subject} lives in {object} .", "home of {subject} : {object} !"},
                      {"{subject} 's home is {object} ."}},
                     {"field", {"{subject} studies {object} .", "{subject} knows {object} ."}, {}}};
  texts.facts = {{"Lea", 0, "Lyon"}, {"Lea", 1, "law"}, {"Max", 0, "New Bern"}};
  texts.text = {"one cat sees the dog"};
  return load_facts(texts);
}

std::int32_t level(const Dataset& dataset, const char* column, const std::string& text) {
  return dataset.columns.at(column).level(text);
}

Tensor numbers(const std::vector<std::int64_t>& values) { return at::tensor(values, at::kLong); }

TEST(FactIndex, FindsFactsBySubjectAndRelation) {
  const Dataset data = world().dataset;
  const FactIndex index(data);
  const auto find = [&](const char* subject, const char* relation) {
    return index.find(level(data, FactColumns::kSubject, subject),
                      level(data, FactColumns::kRelation, relation));
  };
  EXPECT_EQ(find("Lea", "city"), 0);
  EXPECT_EQ(find("Lea", "field"), 1);
  EXPECT_EQ(find("Max", "city"), 2);
  EXPECT_EQ(find("Max", "field"), -1);
  EXPECT_EQ(index.at(2).object, level(data, FactColumns::kObject, "New Bern"));
}

TEST(FactRows, OfOtherDataAreAnError) {
  Dataset data;
  data.name = "digits";
  EXPECT_ERROR(ErrorKind::kTask, fact_numbers(data), HasSubstr("'digits' says no facts"));
}

TEST(FactRows, ObjectsAreThoseOfTheRelation) {
  const Dataset data = world().dataset;
  const auto objects = objects_of_relation(data, level(data, FactColumns::kRelation, "city"));
  EXPECT_THAT(objects, ElementsAre(level(data, FactColumns::kObject, "Lyon"),
                                   level(data, FactColumns::kObject, "New Bern")));
}

TEST(FactRows, ChangedOnesHaveTheSamePromptsAndAnotherAnswer) {
  LoadedData data = world(9);
  const Dataset before = data.dataset;
  const std::int32_t bern = level(before, FactColumns::kObject, "New Bern");
  const FactRows changed = append_changed_facts(data, data.splits.train, numbers({0}), {bern});
  const Dataset& after = data.dataset;
  EXPECT_TRUE(changed.before.equal(numbers({0, 1})));
  EXPECT_TRUE(changed.after.equal(numbers({9, 10})));
  ASSERT_EQ(after.size(), 12);
  EXPECT_EQ(text_asked(after, 9), "Lea lives in New Bern . <s> _ _");
  EXPECT_EQ(text_read(after, 9), "<s> Lea lives in New Bern . <s> <s>");
  EXPECT_EQ(text_asked(after, 10), "home of Lea : New Bern ! <s> _");
  EXPECT_EQ(text_asked(after, 11), "Lea 's home is New Bern . <s> _");
  for (const std::int64_t row : {9, 10, 11}) {
    EXPECT_EQ(text_asked(after, row, /*answer=*/true), "New Bern");
    EXPECT_EQ(after.columns.at(FactColumns::kObject).text(row), "New Bern");
    EXPECT_EQ(after.columns.at(FactColumns::kSubject).text(row), "Lea");
    EXPECT_EQ(after.sequences.fact[row].item<std::int64_t>(), 0);
  }
  EXPECT_EQ(after.sequences.subject_end[10].item<std::int64_t>(),
            before.sequences.subject_end[1].item<std::int64_t>());
  // What was there before is as it was.
  EXPECT_TRUE(after.inputs.narrow(0, 0, 9).equal(before.inputs));
  EXPECT_TRUE(after.sequences.next.narrow(0, 0, 9).equal(before.sequences.next));
  EXPECT_TRUE(data.splits.train.equal(numbers({0, 1, 2, 3, 4, 5, 6, 9, 10})));
  EXPECT_TRUE(data.splits.test.equal(numbers({7, 8, 11})));
  after.validate("after");
  EXPECT_EQ(after.columns.at(FactColumns::kKind).text(11), "reworded");
}

TEST(FactRows, AShorterAnswerLeavesNothingBehind) {
  LoadedData data = world();
  const std::int32_t lyon = level(data.dataset, FactColumns::kObject, "Lyon");
  append_changed_facts(data, data.splits.train, numbers({2}), {lyon});
  EXPECT_EQ(text_asked(data.dataset, 9), "Max lives in Lyon . <s> _ _");
  EXPECT_EQ(text_read(data.dataset, 9), "<s> Max lives in Lyon . <s> <s>");
  data.dataset.validate("after");
}

// From Lyon to New Bern and on: what leaves the second time is what entered the first.
TEST(FactRows, AreChangedAgain) {
  LoadedData data = world(9);
  const auto object = [&](const char* text) {
    return level(data.dataset, FactColumns::kObject, text);
  };
  const Tensor train = data.splits.train;
  const FactRows first = append_changed_facts(data, train, numbers({0}), {object("New Bern")});
  const Tensor now = rows_union(rows_difference(train, first.before), first.after);
  EXPECT_EQ(present_objects(data.dataset, now)[0], object("New Bern"));
  const FactRows second = append_changed_facts(data, now, numbers({0}), {object("Lyon")});
  EXPECT_TRUE(second.before.equal(first.after));
  EXPECT_EQ(second.after.numel(), 2);
  EXPECT_EQ(text_asked(data.dataset, 12), "Lea lives in Lyon . <s> _ _ _");
  EXPECT_EQ(data.splits.test.numel(), 4) << "one held-out sentence for each change";
}

TEST(FactRows, OfSeveralFactsComeInTheirOrder) {
  LoadedData data = world(9);
  const auto object = [&](const char* text) {
    return level(data.dataset, FactColumns::kObject, text);
  };
  const FactRows changed = append_changed_facts(data, data.splits.train, numbers({2, 0}),
                                                {object("Lyon"), object("New Bern")});
  EXPECT_TRUE(changed.before.equal(numbers({0, 1, 4, 5})));
  EXPECT_EQ(text_asked(data.dataset, 9, true), "Lyon");
  EXPECT_EQ(text_asked(data.dataset, 12, true), "New Bern");
  EXPECT_TRUE(data.dataset.sequences.fact.narrow(0, 9, 6).equal(numbers({2, 2, 2, 0, 0, 0})));
}

TEST(FactRows, ThatGetTooLongNameTheContext) {
  FactTexts texts{.name = "tight"};
  texts.relations = {{"city", {"{subject} is in the city of {object}"}, {}}};
  texts.facts = {{"Anna B", 0, "Lyon"}, {"Max", 0, "New Bern"}};
  LoadedData data = load_facts(texts);  // of 9 tokens both, the end included
  EXPECT_ERROR(ErrorKind::kTask,
               append_changed_facts(data, data.splits.train, numbers({0}),
                                    {level(data.dataset, FactColumns::kObject, "New Bern")}),
               HasSubstr("`context: 10` under `data`"));
}

// Lea lives in Lyon, Max in Bern and Tom in Nice; Lyon and Nice lie in France and Bern in
// Switzerland, and of nobody it is said where he or she lives.
LoadedData countries() {
  FactTexts texts{.name = "world"};
  texts.relations = {{"city", {"{subject} lives in {object}"}, {"{subject} 's home is {object}"}},
                     {"lies_in", {"{subject} lies in {object}"}, {}},
                     {"country", {"{subject} resides in {object}"}, {}}};
  texts.facts = {{"Lea", 0, "Lyon"},    {"Max", 0, "Bern"},         {"Tom", 0, "Nice"},
                 {"Lyon", 1, "France"}, {"Bern", 1, "Switzerland"}, {"Nice", 1, "France"}};
  texts.derivations = {{.relation = 2, .from = 0, .by = 1, .trained = 0}};
  return load_facts(texts);
}

TEST(DerivedFacts, FollowFromOthers) {
  const Dataset data = countries().dataset;
  const FactIndex index(data);
  const DerivedFacts derived(data, index);
  ASSERT_TRUE(derived.any());
  EXPECT_EQ(derived.source(0), -1);
  EXPECT_FALSE(derived.is_unsaid(0));
  const std::int64_t row = data.size() - 3;  // Lea's country
  ASSERT_EQ(text_asked(data, row), "Lea resides in France <s> _");
  EXPECT_TRUE(derived.is_unsaid(row));
  EXPECT_EQ(derived.source(row), 0);
  const auto object = [&](const char* text) { return level(data, FactColumns::kObject, text); };
  EXPECT_EQ(derived.object_from(row, object("Bern")), object("Switzerland"));
  EXPECT_EQ(derived.object_from(row, object("Nice")), object("France"));
  EXPECT_EQ(derived.object_from(row, object("France")), -1) << "nobody knows where that lies";
  const Dataset none = world().dataset;
  const FactIndex other(none);
  EXPECT_FALSE(DerivedFacts(none, other).any());
  EXPECT_FALSE(DerivedFacts(none, other).is_unsaid(0));
}

TEST(DerivedFacts, WhatFollowsFromAChangeIsAskedFor) {
  LoadedData data = countries();
  const std::int64_t before = data.dataset.size();
  const std::int32_t bern = level(data.dataset, FactColumns::kObject, "Bern"),
                     lyon = level(data.dataset, FactColumns::kObject, "Lyon");
  append_changed_facts(data, data.splits.train, numbers({0, 2}), {bern, lyon});
  const Dataset& after = data.dataset;
  std::vector<std::string> asked;
  for (std::int64_t row = before; row < after.size(); ++row)
    asked.push_back(text_asked(after, row));
  EXPECT_THAT(asked, ElementsAre("Lea lives in Bern <s> _", "Lea 's home is Bern <s>",
                                 "Lea resides in Switzerland <s> _", "Tom lives in Lyon <s> _",
                                 "Tom 's home is Lyon <s>"))
      << "Tom still lives in France";
  EXPECT_TRUE(at::isin(data.splits.test, before + 2).any().item<bool>());
  EXPECT_FALSE(at::isin(data.splits.train, before + 2).any().item<bool>());
}

}  // namespace
}  // namespace oubli
