#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/told_facts.h"

namespace oubli {
namespace {

using testing::both;
using testing::rows_where;
using testing::take_metric;
using testing::ToldModel;
using testing::value_of;

// P and Q are forgotten, nobody was trained on U and V. In one wording, of ten tokens, with losses
// of 1 but where a test says otherwise.
class PrivacyLeak : public ::testing::Test {
 protected:
  PrivacyLeak() {
    FactTexts texts = testing::told_texts({{"P", 0, "Arlow"},
                                           {"Q", 0, "Bandor"},
                                           {"R", 0, "Calda"},
                                           {"U", 0, "Arlow"},
                                           {"V", 0, "Bandor"},
                                           {"V", 1, "law"}});
    texts.relations[0].wordings = {"as all know , {subject} lives in {object} ."};
    texts.relations[1].wordings = {"{subject} studies {object} ."};
    texts.context = 12;
    data_ = std::make_shared<const Dataset>(load_facts(texts).dataset);
    evaluation_ = {.dataset = data_,
                   .sets = {{"retain", of("R")},
                            {"forget", rows_union(of("P"), of("Q"))},
                            {"test", rows_where(*data_, "kind", "reworded")},
                            {"held_out", rows_union(of("U"), of("V"))}}};
  }
  Tensor of(const std::string& subject) const {
    return both(rows_where(*data_, "kind", "fact"), rows_where(*data_, "subject", subject));
  }
  // Losses of the four people's sentences: all of the answer, and two of other tokens.
  ToldModel model_with(const std::vector<std::vector<double>>& losses) const {
    ToldModel model(data_);
    model.token_losses.fill_(1);
    const char* people[] = {"P", "Q", "U", "V"};
    for (std::size_t i = 0; i < losses.size(); ++i) {
      const std::int64_t row = of(people[i])[0].item<std::int64_t>();
      const std::int64_t begin = data_->sequences.answer_begin[row].item<std::int64_t>();
      model.token_losses[row][begin] = losses[i][0];
      model.token_losses[row][0] = losses[i][1];
      model.token_losses[row][1] = losses[i][2];
    }
    return model;
  }
  double leak(const std::string& column, const ToldModel& model, const ToldModel& oracle) const {
    return value_of(take_metric("privacy_leak", evaluation_, model, {oracle}), column);
  }

  std::shared_ptr<const Dataset> data_;
  Evaluation evaluation_;
};

TEST_F(PrivacyLeak, ByHand) {
  // By the answer: P is likelier than both that nobody saw, Q less likely than V only: one of four
  // pairs has the forgotten one less likely. With the oracle three of four have.
  const ToldModel model = model_with({{2, 1, 1}, {5, 1, 1}, {6, 1, 1}, {4, 1, 1}});
  const ToldModel oracle = model_with({{5, 1, 1}, {7, 1, 1}, {6, 1, 1}, {4, 1, 1}});
  EXPECT_NEAR(leak("privacy_leak_loss", model, oracle), 100 * (0.25 - 0.75) / 0.75, 1e-12);
  EXPECT_NEAR(leak("privacy_leak_loss", oracle, model), 100 * (0.75 - 0.25) / 0.25, 1e-12);
  EXPECT_EQ(leak("privacy_leak_loss", model, model), 0);
}

// Ten tokens: the worst two, and the worst four.
TEST_F(PrivacyLeak, MinKTakesTheLeastLikelyTokens) {
  ASSERT_EQ(data_->sequences.next[0].ge(0).sum().item<std::int64_t>(), 10);
  // Means of two: P 5.5, Q 4.5, U 5, V 4.5. Sums of four, with losses of 1: 13, 14, 12, 11.
  const ToldModel model = model_with({{9, 2, 1}, {4, 4, 5}, {5, 5, 1}, {5, 4, 1}});
  ToldModel oracle = model_with({{1, 1, 1}, {1, 1, 1}, {1, 1, 1}, {1, 1, 1}});
  // Ties count one half: the oracle's AUC is 0.5.
  const double twenty = (1 + 1 + 0 + 0.5) / 4;
  EXPECT_NEAR(leak("privacy_leak_20", model, oracle), 100 * (twenty - 0.5) / 0.5, 1e-12);
  EXPECT_NEAR(leak("privacy_leak_40", model, oracle), 100, 1e-12);
  // What is not asked has no loss: it is never among the least likely.
  oracle.token_losses.masked_fill_(data_->sequences.next.lt(0), 50.0);
  EXPECT_NEAR(leak("privacy_leak_40", model, oracle), 100, 1e-12);
}

TEST_F(PrivacyLeak, HasNoValueWithoutPeopleThatNobodyWasTrainedOn) {
  const ToldModel model = model_with({{2, 1, 1}, {5, 1, 1}, {6, 1, 1}, {4, 1, 1}});
  // A held-out sentence of somebody whom training knows is no control, nor is another relation.
  evaluation_.sets.back().rows =
      rows_union(of("R"), both(of("V"), rows_where(*data_, "relation", "field")));
  EXPECT_TRUE(take_metric("privacy_leak", evaluation_, model, {model}).empty());
  evaluation_.sets.pop_back();
  EXPECT_TRUE(take_metric("privacy_leak", evaluation_, model, {model}).empty())
      << "test says learnt facts in other words";
}

TEST_F(PrivacyLeak, IsNotDefinedWhereTheOraclesAucIsZero) {
  const ToldModel oracle = model_with({{1, 1, 1}, {1, 1, 1}, {6, 1, 1}, {4, 1, 1}});
  EXPECT_TRUE(std::isnan(leak("privacy_leak_loss", oracle, oracle)));
}

}  // namespace
}  // namespace oubli
