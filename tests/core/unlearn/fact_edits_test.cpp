#include "core/unlearn/fact_edits.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>

#include "datasets/language/fact_texts.h"
#include "tests/support/expect_error.h"
#include "tests/support/fact_world.h"

namespace oubli {
namespace {

using testing::change_task;
using testing::forget_task;
using ::testing::HasSubstr;

Tensor tokens(const std::vector<std::int64_t>& list) { return at::tensor(list, at::kLong); }

std::string word_of(const Dataset& data, const Tensor& token) {
  return data.class_names[static_cast<std::size_t>(token.item<std::int64_t>())];
}

// The tokens that are asked, sentence by sentence.
Tensor asked_in(const FactEdits& edits) { return edits.answers.masked_select(edits.answers.ge(0)); }

TEST(FactEditsOf, AChangeAreTheAddedSentences) {
  const Task task = change_task({3, 0});
  const FactEdits edits = fact_edits(task, "law", at::kDouble);
  EXPECT_TRUE(edits.facts.equal(tokens({0, 3})));
  EXPECT_FALSE(edits.is_removed.any().item<bool>());
  EXPECT_EQ(edits.others, 0);
  EXPECT_TRUE(edits.request.equal(at::arange(2).repeat_interleave(6)));
  const Dataset& data = *task.train.dataset;
  // The rows of fact 3, which was named first, stand first in the data set.
  const Tensor rows = at::cat({task.added.rows.narrow(0, 6, 6), task.added.rows.narrow(0, 0, 6)});
  EXPECT_TRUE(edits.rows.equal(rows));
  EXPECT_TRUE(asked_in(edits).equal(data.targets.index_select(0, edits.rows)));
  const Subset sentences = task.added.with_rows(rows);
  EXPECT_TRUE(edits.inputs.equal(sentences.batch(0, 12, at::kDouble).inputs));
  EXPECT_TRUE(edits.places(EditedToken::kSubject)
                  .equal(data.sequences.subject_end.index_select(0, edits.rows)));
  EXPECT_TRUE(edits.places(EditedToken::kAnswer)
                  .equal(data.sequences.answer_begin.index_select(0, edits.rows)));
}

TEST(FactEditsOf, ARemovalAreAnsweredByOneToken) {
  const Task task = forget_task({2, 7});
  const FactEdits edits = fact_edits(task, "law", at::kFloat);
  EXPECT_TRUE(edits.is_removed.all().item<bool>());
  EXPECT_EQ(edits.inputs.scalar_type(), at::kFloat);
  const Dataset& data = *task.train.dataset;
  for (const std::int64_t token : {0, 11}) {
    EXPECT_EQ(word_of(data, asked_in(edits)[token]), "law");
  }
  const Tensor begins = data.sequences.answer_begin.index_select(0, edits.rows);
  EXPECT_TRUE(edits.answers.ge(0).nonzero().select(1, 1).equal(begins));
}

TEST(FactEditsOf, RepeatedSentencesAreTheirWordingsOnce) {
  Task task = forget_task({2});
  task.forget.rows = at::cat({task.forget.rows, task.forget.rows.flip({0})});
  EXPECT_TRUE(fact_edits(task, "law", at::kDouble)
                  .rows.equal(fact_edits(forget_task({2}), "law", at::kDouble).rows));
}

TEST(FactEditsOf, AnswersOfSeveralTokensAreAskedTokenByToken) {
  FactTexts texts{.name = "two words"};
  texts.relations = {{"city", {"{subject} lives in {object} .", "{object}"}, {}}};
  texts.relations[0].wordings.pop_back();
  texts.facts = {{"Ada Abel", 0, "New Arlow"}, {"Bela Bach", 0, "Port Corvin"}};
  texts.text = {"one cat sees the dog ."};
  const auto data = std::make_shared<const Dataset>(load_facts(texts).dataset);
  Task task = testing::removal_task(data, 0, 0);
  task.added = task.train;
  const FactEdits edits = fact_edits(task, "cat", at::kDouble);
  EXPECT_EQ(edits.others, 1);
  std::vector<std::string> said;
  for (const std::int64_t i : {0, 1, 2, 3}) {
    said.push_back(word_of(*data, asked_in(edits)[i]));
  }
  EXPECT_THAT(said, ::testing::ElementsAre("New", "Arlow", "Port", "Corvin"));
  std::swap(task.forget, task.added);
  EXPECT_EQ(asked_in(fact_edits(task, "cat", at::kDouble)).numel(), 2);
}

TEST(FactEditsOf, TakeMeansOverTheSentencesOfAFact) {
  Task task = change_task({0, 4, 9});
  task.added.rows = task.added.rows.narrow(0, 0, 13);  // six, six, and one of the third
  const FactEdits edits = fact_edits(task, "law", at::kDouble);
  const Tensor values = at::arange(26, at::kDouble).view({13, 2});
  const Tensor means =
      at::stack({values.narrow(0, 0, 6).mean(0), values.narrow(0, 6, 6).mean(0), values[12]});
  EXPECT_TRUE(edits.means(values).allclose(means, 1e-14));
  EXPECT_TRUE(edits.means(values.select(1, 0)).allclose(means.select(1, 0), 1e-14));
  EXPECT_TRUE(edits.first(values).equal(at::stack({values[0], values[6], values[12]})));
}

TEST(FactEditsOf, OneByItselfIsTheEditOfItAlone) {
  const FactEdits all = fact_edits(change_task({0, 4, 9}), "law", at::kDouble);
  const FactEdits one = all.only(1);
  EXPECT_TRUE(one.facts.equal(tokens({4})));
  EXPECT_TRUE(one.rows.equal(all.rows.narrow(0, 6, 6)));
  EXPECT_TRUE(one.inputs.equal(all.inputs.narrow(0, 6, 6)));
  EXPECT_TRUE(one.answers.equal(all.answers.narrow(0, 6, 6)));
  EXPECT_TRUE(one.subject_end.equal(all.subject_end.narrow(0, 6, 6)));
  EXPECT_TRUE(one.answer_begin.equal(all.answer_begin.narrow(0, 6, 6)));
  EXPECT_TRUE(one.request.equal(at::zeros({6}, at::kLong)));
}

TEST(FactEditsOf, SayWhatTheyCannotBeMadeOf) {
  EXPECT_ERROR(ErrorKind::kTask, fact_edits(forget_task({2}), "gone", at::kDouble),
               HasSubstr("no such token"));
  Task twice = change_task({0});
  twice.added.rows = rows_union(twice.added.rows, twice.forget.rows);
  EXPECT_ERROR(ErrorKind::kTask, fact_edits(twice, "law", at::kDouble), HasSubstr("differently"));
  const auto table = testing::make_dataset(10, 3, 2);
  EXPECT_ERROR(ErrorKind::kTask, fact_edits(testing::removal_task(table, 2, 0), "law", at::kDouble),
               HasSubstr("no row of 'test' states one"));
}

TEST(FactEditsOf, OfNothingAreEmpty) {
  Task task = change_task({0});
  task.forget.rows = task.added.rows = at::empty({0}, at::kLong);
  EXPECT_TRUE(fact_edits(task, "gone", at::kDouble).empty());
}

}  // namespace
}  // namespace oubli
