#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/told_facts.h"

namespace oubli {
namespace {

using testing::both;
using testing::has_column;
using testing::rows_where;
using testing::take_metric;
using testing::told_facts;
using testing::ToldModel;
using testing::value_of;

Evaluation change_of(const std::shared_ptr<const Dataset>& data, const std::string& before,
                     const std::string& after) {
  const Tensor fact = rows_where(*data, "kind", "fact"),
               reworded = rows_where(*data, "kind", "reworded"),
               old_rows = rows_where(*data, "object", before),
               new_rows = rows_where(*data, "object", after);
  return {.dataset = data,
          .sets = {{"forget", both(fact, old_rows)},
                   {"added", both(fact, new_rows)},
                   {"forget_reworded", both(reworded, old_rows)},
                   {"added_reworded", both(reworded, new_rows)}}};
}

TEST(Beliefs, ByHand) {
  const auto data = told_facts({{"P", 0, "Arlow"}, {"P", 0, "Calda"}, {"Q", 0, "Bandor"}});
  const Evaluation evaluation = change_of(data, "Arlow", "Calda");
  const Tensor lives = rows_where(*data, "wording", "{subject} lives in {object} .");
  const Tensor home = rows_where(*data, "wording", "the home of {subject} is {object} .");
  const Tensor town = rows_where(*data, "wording", "the town of {subject} is {object} .");
  ToldModel model(data);
  model.tell(lives, {{"Arlow", 0.3}, {"Calda", 0.6}, {"Bandor", 0.1}});
  model.tell(home, {{"Arlow", 0.4}, {"Calda", 0.2}, {"Bandor", 0.4}});
  model.tell(town, {{"Arlow", 0.25}, {"Calda", 0.25}, {"Bandor", 0.5}});
  const auto values = take_metric("beliefs", evaluation, model);
  EXPECT_EQ(value_of(values, "efficacy/added"), 0.5);
  EXPECT_NEAR(value_of(values, "magnitude/added"), (0.3 - 0.2) / 2, 1e-12);
  EXPECT_EQ(value_of(values, "efficacy/added_reworded"), 0) << "as likely is not likelier";
  EXPECT_NEAR(value_of(values, "magnitude/added_reworded"), 0, 1e-12);
}

// P("Port Calda") is the geometric mean of its tokens' probabilities, 0.9 and 0.4.
TEST(Beliefs, OfLongerAnswersAreByTheMeanToken) {
  const auto data = told_facts({{"P", 0, "Arlow"}, {"P", 0, "Port Calda"}});
  const Evaluation evaluation = change_of(data, "Arlow", "Port Calda");
  ToldModel model(data);
  model.tell(rows_where(*data, "object", "Arlow"), {{"Arlow", 0.5}, {"Port", 0.5}});
  const Tensor longer = rows_where(*data, "object", "Port Calda");
  for (std::int64_t i = 0; i < longer.numel(); ++i) {
    const std::int64_t row = longer[i].item<std::int64_t>();
    const std::int64_t begin = data->sequences.answer_begin[row].item<std::int64_t>();
    model.token_losses[row][begin] = -std::log(0.9);
    model.token_losses[row][begin + 1] = -std::log(0.4);
  }
  const auto values = take_metric("beliefs", evaluation, model);
  EXPECT_EQ(value_of(values, "efficacy/added"), 1) << "0.6, though both words have 0.36";
  EXPECT_NEAR(value_of(values, "magnitude/added"), 0.6 - 0.5, 1e-12);
}

TEST(Beliefs, AreOfPromptsThatBothAnswersHave) {
  const auto data = told_facts({{"P", 0, "Arlow"}, {"P", 0, "Calda"}, {"Q", 0, "Bandor"}});
  Evaluation evaluation = change_of(data, "Arlow", "Calda");
  ToldModel model(data);
  model.tell(at::arange(data->size()), {{"Arlow", 0.2}, {"Calda", 0.8}});
  // Q enters beside the change: nobody believed another city of Q's.
  const Tensor with_q = both(rows_where(*data, "kind", "fact"), rows_where(*data, "subject", "Q"));
  evaluation.sets[1].rows = rows_union(evaluation.sets[1].rows, with_q);
  EXPECT_NEAR(value_of(take_metric("beliefs", evaluation, model), "magnitude/added"), 0.6, 1e-12);
  // Where nothing of the fact leaves, or the same answer, there is nothing to hold against.
  evaluation.sets[0].rows = with_q;
  EXPECT_FALSE(has_column(take_metric("beliefs", evaluation, model), "efficacy/added"));
  evaluation.sets = {{"added", evaluation.sets[1].rows}};
  EXPECT_TRUE(take_metric("beliefs", evaluation, model).empty());
}

}  // namespace
}  // namespace oubli
