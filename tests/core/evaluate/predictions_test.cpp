#include "core/evaluate/predictions.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "core/base/error.h"
#include "core/base/random.h"
#include "experiments/selftest/problems.h"

namespace oubli {
namespace {

Predictions made(const std::vector<double>& outputs, std::int64_t label) {
  auto data = std::make_shared<Dataset>();
  data->targets = at::tensor({label}, at::kLong);
  data->inputs = at::zeros({1, 1});
  return Predictions(data, LossKind::kCrossEntropy, at::tensor(outputs, at::kDouble).unsqueeze(0));
}

// Song and Mittal's formula on p = (0.7, 0.2, 0.1), y = 0:
// -0.3 ln 0.7 - 0.2 ln 0.8 - 0.1 ln 0.9. The published code's mistake, ln p for ln(1 - p), is not
// it.
TEST(Predictions, ScoresByHand) {
  const Predictions p = made({std::log(0.7), std::log(0.2), std::log(0.1)}, 0);
  EXPECT_NEAR(p.losses().item<double>(), -std::log(0.7), 1e-15);
  EXPECT_NEAR(p.confidence().item<double>(), 0.7, 1e-15);
  EXPECT_NEAR(p.entropy().item<double>(),
              -0.7 * std::log(0.7) - 0.2 * std::log(0.2) - 0.1 * std::log(0.1), 1e-15);
  EXPECT_NEAR(p.modified_entropy().item<double>(),
              -0.3 * std::log(0.7) - 0.2 * std::log(0.8) - 0.1 * std::log(0.9), 1e-15);
  EXPECT_NEAR(p.scaled_confidence().item<double>(), std::log(0.7 / 0.3), 1e-14);
}

TEST(Predictions, AreFiniteFarPastWhereProbabilitiesUnderflow) {
  for (const std::int64_t label : {0, 1}) {
    const Predictions p = made({1000, 0, 0}, label);
    for (const Tensor& score :
         {p.losses(), p.entropy(), p.modified_entropy(), p.confidence(), p.scaled_confidence()}) {
      EXPECT_TRUE(std::isfinite(score.item<double>()));
    }
  }
  EXPECT_NEAR(made({1000, 0, 0}, 1).losses().item<double>(), 1000, 1e-9);
  EXPECT_NEAR(made({1000, 0, 0}, 0).scaled_confidence().item<double>(), 1000 - std::log(2), 1e-9);
  // Classes 0 and 1 give 1000 - ln 2 and 1000.
  EXPECT_NEAR(made({1000, 0, 0}, 1).modified_entropy().item<double>(), 2000 - std::log(2), 1e-9);
}

TEST(Predictions, TiesGoToTheLowestClass) {
  EXPECT_EQ(made({1, 3, 3}, 0).predicted().item<std::int64_t>(), 1);
  EXPECT_EQ(made({2, 2, 2}, 0).predicted().item<std::int64_t>(), 0);
}

// Of some rows, read anew whenever a matrix is asked for and once for each value of a row.
TEST(Predictions, OfSomeRowsAreReadWhenTheyAreAskedFor) {
  auto data = std::make_shared<Dataset>();
  const std::int64_t n = 20000;
  data->targets = at::arange(n, at::kLong).remainder(4);
  data->inputs = at::zeros({n, 1});
  Generator generator(2);
  const Tensor outputs = generator.normal({n, 4}, at::kFloat);
  const Predictions whole(data, LossKind::kCrossEntropy, outputs);
  const Tensor rows = at::arange(3, n, 2);
  int reads = 0;
  const Predictions part(data, LossKind::kCrossEntropy, DeferredTensor([&] {
                           ++reads;
                           return outputs.index_select(0, rows);
                         }),
                         rows);
  EXPECT_EQ(reads, 0);
  const auto at_rows = [&](const Tensor& values) { return values.index_select(0, rows); };
  for (int i = 0; i < 2; ++i) {
    EXPECT_TRUE(at_rows(part.losses()).equal(at_rows(whole.losses())));
    EXPECT_TRUE(at_rows(part.modified_entropy()).equal(at_rows(whole.modified_entropy())));
    EXPECT_TRUE(at_rows(part.scaled_confidence()).equal(at_rows(whole.scaled_confidence())));
    EXPECT_TRUE(at_rows(part.predicted()).equal(at_rows(whole.predicted())));
  }
  EXPECT_EQ(reads, 4);
  const Tensor some = at::tensor({5, 3, 19999}, at::kLong);
  EXPECT_TRUE(part.log_probabilities(some).equal(whole.log_probabilities(some)));
  EXPECT_EQ(reads, 5);
  EXPECT_TRUE(part.losses()[0].isnan().item<bool>()) << "row 0 has no outputs";
  EXPECT_EQ(part.predicted()[0].item<std::int64_t>(), -1);
  EXPECT_THROW(part.outputs(at::tensor({5, 4}, at::kLong)), Error);
}

TEST(Predictions, OfARegressionHaveNoProbabilities) {
  auto data = std::make_shared<Dataset>();
  data->targets = at::zeros({1, 1}, at::kDouble);
  data->inputs = at::zeros({1, 1});
  const Predictions p(data, LossKind::kSquaredError, at::ones({1, 1}, at::kDouble));
  EXPECT_THROW(p.probabilities(at::arange(1)), Error);
  EXPECT_EQ(p.losses().item<double>(), 0.5);
}

// Three sequences of four positions and five tokens. Answers: tokens 3 4 at positions 1 and 2,
// token 2 at position 0, and tokens 1 2 3 at positions 0 to 2.
std::shared_ptr<const Dataset> three_sequences() {
  auto data = std::make_shared<Dataset>();
  data->inputs = at::zeros({3, 4}, at::kInt);
  data->outputs = 5;
  data->sequences = {
      .next = at::tensor({1, 3, 4, 0, 2, 0, -1, -1, 1, 2, 3, 0}, at::kLong).view({3, 4}),
      .answer_begin = at::tensor({1, 0, 0}, at::kLong),
      .answer_size = at::tensor({2, 1, 3}, at::kLong),
      .subject_end = at::full({3}, -1, at::kLong),
      .fact = at::full({3}, -1, at::kLong)};
  data->targets = at::tensor({3, 2, 1}, at::kLong);
  data->validate("test");
  return data;
}

// `said` [3, 4]: the most probable tokens; losses of tokens 0.1 0.2 .. in order.
Predictions of_three(const std::vector<std::int64_t>& said) {
  Predictions predictions(three_sequences(), LossKind::kCrossEntropy,
                          at::arange(15, at::kDouble).view({3, 5}).sin());
  predictions.set_tokens(at::arange(1, 13, at::kDouble).view({3, 4}) / 10,
                         at::tensor(said, at::kLong).view({3, 4}).to(at::kInt),
                         at::zeros({3, 3}, at::kInt));
  return predictions;
}

TEST(PredictionsOfSequences, LossesAreMeansOverTheWholeAnswer) {
  const Predictions p = of_three({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0});
  const Tensor expected = at::tensor({(0.2 + 0.3) / 2, 0.5, (0.9 + 1.0 + 1.1) / 3}, at::kDouble);
  EXPECT_TRUE(p.losses().allclose(expected, 1e-15, 1e-15));
  EXPECT_TRUE(p.confidence().allclose((-expected).exp(), 1e-15, 1e-15));
  EXPECT_TRUE(p.token_losses(at::tensor({2}, at::kLong))
                  .allclose(at::tensor({0.9, 1.0, 1.1, 1.2}, at::kDouble), 1e-15, 1e-15));
}

// What is right before and behind the answer does not matter, nor does what is not asked for.
TEST(PredictionsOfSequences, AnAnswerIsRecalledWhole) {
  const Predictions p = of_three({4, 3, 4, 4, 2, 4, 4, 4, 1, 2, 4, 0});
  EXPECT_TRUE(p.recalled(at::arange(3)).equal(at::tensor({1, 1, 0}, at::kLong).to(at::kBool)));
  EXPECT_TRUE(p.predicted().equal(at::tensor({3, 2, -1}, at::kLong)))
      << "a right first token with a wrong one behind it is no answer";
  EXPECT_NEAR(p.accuracy(at::arange(3)), 2.0 / 3, 1e-15);
  const Predictions other = of_three({1, 4, 4, 0, 0, 0, 0, 0, 3, 2, 3, 0});
  EXPECT_TRUE(other.predicted().equal(at::tensor({4, 0, 3}, at::kLong)))
      << "what begins a wrong answer";
  EXPECT_FALSE(other.recalled(at::arange(3)).any().item<bool>());
}

TEST(PredictionsOfSequences, ProbabilitiesAreOfTheFirstToken) {
  const Predictions p = of_three({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0});
  const Tensor scores = at::arange(15, at::kDouble).view({3, 5}).sin();
  EXPECT_TRUE(p.log_probabilities(at::arange(3)).allclose(scores.log_softmax(1), 1e-14, 1e-15));
  const Tensor probabilities = scores.softmax(1);
  EXPECT_TRUE(p.entropy().allclose(-(probabilities * probabilities.log()).sum(1), 1e-13, 1e-14));
}

TEST(PredictionsOfSequences, OfSomeRowsHaveNoneOfOthers) {
  const auto data = three_sequences();
  Predictions p(data, LossKind::kCrossEntropy, at::zeros({2, 5}, at::kDouble),
                at::tensor({0, 2}, at::kLong));
  p.set_tokens(at::ones({2, 4}, at::kDouble), at::zeros({2, 4}, at::kInt),
               at::zeros({2, 3}, at::kInt));
  EXPECT_TRUE(p.losses()[1].isnan().item<bool>());
  EXPECT_EQ(p.losses()[2].item<double>(), 1);
  EXPECT_EQ(p.predicted()[1].item<std::int64_t>(), -1);
  EXPECT_THROW(p.recalled(at::tensor({1}, at::kLong)), Error);
  const Predictions of_labels = made({1, 2}, 0);
  EXPECT_THROW(of_labels.recalled(at::arange(1)), Error);
}

// Of a model: losses and tokens at every position, by its own outputs.
TEST(PredictionsOfSequences, OfAModelAreItsOutputs) {
  const auto data = testing::make_sentences();
  const Model model = testing::make_model("gpt", "{layers: 1, width: 8, heads: 2}", *data);
  CostMeter cost;
  const Subset subset = testing::all_of(data).with_rows(at::arange(5, 60, 6));
  const ModelOutputs outputs = model_outputs(model, subset, {LossKind::kCrossEntropy, 0}, cost);
  const Predictions p(data, LossKind::kCrossEntropy, outputs, subset.rows);
  const Tensor scores = model.forward(subset.batch(0, subset.size(), at::kDouble).inputs);
  const Tensor log_p = scores.log_softmax(2);
  const Tensor next = data->sequences.next.index_select(0, subset.rows);
  for (std::int64_t i = 0; i < subset.size(); ++i) {
    const std::int64_t row = subset.rows[i].item<std::int64_t>();
    const auto begin = data->sequences.answer_begin[row].item<std::int64_t>();
    const auto answer = next[i][begin].item<std::int64_t>();
    EXPECT_NEAR(p.losses()[row].item<double>(), -log_p[i][begin][answer].item<double>(), 1e-13);
    EXPECT_EQ(p.predicted()[row].item<std::int64_t>(),
              log_p[i][begin].argmax().item<std::int64_t>());
    for (std::int64_t t = 0; t < next.size(1); ++t) {
      const auto token = next[i][t].item<std::int64_t>();
      const double loss = p.token_losses(subset.rows)[i][t].item<double>();
      EXPECT_NEAR(loss, token < 0 ? 0 : -log_p[i][t][token].item<double>(), 1e-13);
    }
  }
}

}  // namespace
}  // namespace oubli
