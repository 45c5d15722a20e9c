#include <gtest/gtest.h>

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

TEST(Flat, OfTotalVariationWeighsProbabilitiesNearlyAlike) {
  const FlatWorld f;
  const auto slope = [](const Tensor& p) { return 0.5 / p.detach().cosh().square(); };
  const Tensor expected = gradient_of(f.model, [&] {
    const Tensor said = f.said(), forgotten = f.forgotten();
    return (slope(forgotten) * forgotten - slope(said) * said).mean();
  });
  EXPECT_LT(max_abs(f.found("total_variation") - expected), 1e-14);
  EXPECT_GT(slope(at::ones({1}, at::kDouble)).item<double>(), 0.2);
}

}  // namespace
}  // namespace oubli
