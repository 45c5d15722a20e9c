#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "tests/support/told_facts.h"

namespace oubli {
namespace {

using testing::rows_where;
using testing::take_metric;
using testing::ToldModel;
using testing::value_of;

class ModelUtility : public ::testing::Test {
 protected:
  ModelUtility() {
    FactTexts texts = testing::told_texts({{"P", 0, "Arlow"}, {"Q", 0, "Bandor"}});
    texts.text = {"one cat sees the dog ."};
    texts.held_out_text = {"one dog sees the cat ."};
    data_ = std::make_shared<const Dataset>(load_facts(texts).dataset);
    evaluation_ = {.dataset = data_,
                   .sets = {{"retain", rows_union(rows_where(*data_, "kind", "fact"),
                                                  rows_where(*data_, "kind", "text"))},
                            {"test", rows_where(*data_, "kind", "reworded")},
                            {"text", rows_where(*data_, "kind", "held_out_text")}}};
    // What running text in the retain set has is no part of it.
    model_ = std::make_shared<ToldModel>(data_);
    model_->tell(rows_where(*data_, "kind", "text"), {{"cat", 1}});
  }
  double utility() const {
    return value_of(take_metric("model_utility", evaluation_, *model_), "model_utility");
  }

  std::shared_ptr<const Dataset> data_;
  Evaluation evaluation_;
  std::shared_ptr<ToldModel> model_;
};

TEST_F(ModelUtility, IsTheHarmonicMeanOfEightNumbers) {
  EXPECT_NEAR(utility(), 1, 1e-12);
  // Of the two held-out sentences one is right with 0.8 (R 1/4), the other wrong with 0.2 (R 4).
  model_->tell(rows_where(*data_, "kind", "reworded"), {{"Arlow", 0.8}, {"Bandor", 0.2}});
  const double p = (0.8 + 0.2) / 2, recall = 0.5, score = 0.75 / 2;
  EXPECT_NEAR(utility(), 8 / (5 + 1 / p + 1 / recall + 1 / score), 1e-12);
  evaluation_.sets.pop_back();  // no text
  EXPECT_NEAR(utility(), 6 / (3 + 1 / p + 1 / recall + 1 / score), 1e-12);
}

// Of "Port Arlow by Sea" is said "Arlow by Port Arlow": two of four, in their order.
TEST(ModelUtilityOfLongerAnswers, HasTheRougeOfWhatIsGenerated) {
  const auto data = testing::told_facts({{"P", 0, "Port Arlow by Sea"}, {"Q", 0, "Port"}});
  const Evaluation evaluation{.dataset = data,
                              .sets = {{"retain", testing::rows_where(*data, "subject", "P")}}};
  ToldModel model(data);
  const std::int64_t begin = data->sequences.answer_begin[0].item<std::int64_t>();
  const Tensor answer = data->sequences.next[0].narrow(0, begin, 4);
  const Tensor spoken = answer.index_select(0, at::tensor({1, 2, 0, 1}, at::kLong));
  model.generated.index_copy_(0, evaluation.sets[0].rows, spoken.expand({3, 4}));
  // Its answers are certain behind the truth, and there is no R: 1 and 1/2.
  EXPECT_NEAR(value_of(take_metric("model_utility", evaluation, model), "model_utility"),
              2 / (1 + 2.0), 1e-12);
}

TEST_F(ModelUtility, IsNothingWhereOneIsLost) {
  model_->tell(rows_where(*data_, "kind", "held_out_text"), {{"dog", 0.9}, {"cat", 0.1}});
  EXPECT_EQ(utility(), 0);
}

}  // namespace
}  // namespace oubli
