#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "core/unlearn/alternatives.h"
#include "tests/support/language.h"

namespace oubli {
namespace {

using testing::answer_scores;
using testing::first_gradient;
using testing::forget_sentences;
using testing::gradient_of;
using testing::make_speaker;
using testing::make_two_word_sentences;
using testing::max_abs;

struct FlatWorld {
  std::shared_ptr<const Dataset> data = make_two_word_sentences();
  Model model = make_speaker(data);
  Task task = forget_sentences(data, 4);
  Subset others = alternatives_to(task, "unknown .");

  Tensor said() const { return answer_scores(model, others).log_p().exp().mean(1); }
  Tensor forgotten() const { return answer_scores(model, task.forget).log_p().exp().mean(1); }
  Tensor found(const std::string& divergence) const {
    return first_gradient("flat", "answer: unknown ., divergence: " + divergence, model, task);
  }
};

// g and f* written apart from each other, as in the table of f-divergences.
TEST(Flat, DescendsTheVariationalBoundOfEachDivergence) {
  struct Case {
    const char* name;
    std::function<Tensor(const Tensor&)> g, conjugate;
  };
  const std::vector<Case> cases = {
      {"total_variation", [](const Tensor& v) { return v.tanh() / 2; },
       [](const Tensor& t) { return t; }},
      {"kl", [](const Tensor& v) { return v; }, [](const Tensor& t) { return (t - 1).exp(); }},
      {"pearson", [](const Tensor& v) { return v; },
       [](const Tensor& t) { return t.square() / 4 + t; }},
      {"jensen_shannon", [](const Tensor& v) { return (2 / (1 + (-v).exp())).log(); },
       [](const Tensor& t) { return -(2 - t.exp()).log(); }}};
  const FlatWorld f;
  for (const Case& c : cases) {
    const Tensor expected = gradient_of(
        f.model, [&] { return (c.conjugate(c.g(f.forgotten())) - c.g(f.said())).mean(); });
    EXPECT_LT(max_abs(f.found(c.name) - expected), 1e-14) << c.name;
  }
}

// The weights of a gradient in the directions in which the two probabilities rise.
struct FlatWeights {
  double said = 0, forgotten = 0;
};
FlatWeights weights_of(const FlatWorld& f) {
  const Tensor directions = at::stack({gradient_of(f.model, [&] { return f.said().sum(); }),
                                       gradient_of(f.model, [&] { return f.forgotten().sum(); })},
                                      1);
  const Tensor found = f.found("total_variation");
  const Tensor weights = at::linalg_solve(directions.t().mm(directions), directions.t().mv(found));
  EXPECT_LT(max_abs(directions.mv(weights) - found), 1e-12) << "it has no other direction";
  return {weights[0].item<double>(), weights[1].item<double>()};
}

// Of one sentence, before and after it is learnt by heart: between 0.21 and 0.5 of the
// probability's own gradient at all times, where that of its logarithm has 1 / P.
TEST(Flat, OfTotalVariationWeighsProbabilitiesNearlyAlike) {
  FlatWorld f;
  f.task = forget_sentences(f.data, 1);
  f.others = alternatives_to(f.task, "unknown .");
  const auto expect_near_one_another = [&](double least, double most) {
    const double p = f.forgotten().item<double>();
    EXPECT_GT(p, least);
    EXPECT_LT(p, most);
    const FlatWeights weights = weights_of(f);
    for (const double each : {weights.forgotten, -weights.said}) {
      EXPECT_GT(each, 0.2);
      EXPECT_LT(each, 0.5);
    }
    const auto slope = [](const Tensor& v) {
      return 0.5 / std::pow(std::cosh(v.item<double>()), 2);
    };
    EXPECT_NEAR(weights.forgotten, slope(f.forgotten()), 1e-9);
    EXPECT_NEAR(weights.said, -slope(f.said()), 1e-9);
  };
  f.model = testing::make_model("gpt", "{layers: 2, width: 8, heads: 2}", *f.data);
  expect_near_one_another(0, 0.1);
  TrainingRecipe& recipe = f.task.recipe;
  recipe.optimizer = {.name = "adam", .lr = 0.02};
  recipe.epochs = 100;
  testing::minimise(f.model, f.task.forget, f.task);
  recipe.optimizer = {.name = "sgd", .lr = 0.1};
  expect_near_one_another(0.9, 1);
}

}  // namespace
}  // namespace oubli
