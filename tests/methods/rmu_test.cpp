#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/expect_error.h"
#include "tests/support/language.h"

namespace oubli {
namespace {

using testing::first_gradient;
using testing::forget_sentences;
using testing::gradient_of;
using testing::make_speaker;
using testing::make_two_word_sentences;
using testing::max_abs;
using testing::plain_steps;
using testing::run_method;

// The stream behind the first layer, [n, t, d].
Tensor stream(const Model& model, const Batch& batch) {
  const std::size_t norm = model.find_parameter("h.1.ln_1.weight").value();
  Tensor seen;
  model.forward(batch.inputs, [&](std::size_t weight, const Tensor& in, const Tensor& out) {
    if (weight == norm) seen = in;
    return out;
  });
  return seen;
}

Tensor named(const Model& model, const std::string& name) {
  const ParameterInfo& info = model.parameter_infos()[model.find_parameter(name).value()];
  Tensor which = at::zeros({model.dim()}, at::kBool);
  which.narrow(0, info.offset, info.size).fill_(true);
  return which;
}

TEST(Rmu, MovesTheProjectionsOfThreeLayersAlone) {
  const auto data = make_two_word_sentences();
  Model model = testing::make_model("gpt", "{layers: 5, width: 8, heads: 2}", *data);
  const Tensor before = model.theta().clone();
  Task task = forget_sentences(data, 4);
  task.recipe.objective.l2 = 0.1;
  run_method("rmu", "{layer: 3, epochs: 3, weight_decay: 0.1}", model, task);
  const Tensor moved = model.theta().ne(before);
  Tensor may_move = at::zeros({model.dim()}, at::kBool);
  for (const int layer : {1, 2, 3}) {
    const Tensor which = named(model, fmt::format("h.{}.mlp.c_proj.weight", layer));
    EXPECT_TRUE(moved.index({which}).any().item<bool>()) << layer;
    may_move = may_move | which;
  }
  EXPECT_FALSE(moved.index({may_move.logical_not()}).any().item<bool>());
}

// c 0: the stream is shortened. What remains has no gradient at the original.
TEST(Rmu, SteersTheStreamWhereAnswersAreSaid) {
  const auto data = make_two_word_sentences();
  const Model model = make_speaker(data);
  const Task task = forget_sentences(data, 4);
  const Batch batch = task.forget.batch(0, 4, at::kDouble);
  const Tensor said = data->sequences.answers(batch.rows).to(at::kDouble);
  const Tensor expected = gradient_of(model,
                                      [&] {
                                        const Tensor squares =
                                            stream(model, batch).square().sum(2) / 8;
                                        return (squares * said).sum() / (2 * 4);
                                      }) *
                          named(model, "h.0.mlp.c_proj.weight");
  EXPECT_GT(max_abs(expected), 1e-3);
  for (const char* alpha : {"0", "1000"}) {
    const Tensor found =
        first_gradient("rmu", fmt::format("layer: 0, steering: 0, alpha: {}", alpha), model, task);
    EXPECT_LT(max_abs(found - expected), 1e-12) << alpha;
  }
}

// What a run steers at, read off its first gradient. Of ||h - c u||^2 / d the part that is linear
// in c has in row i of the layer's projection -2 c u_i / d times the mean key.
struct Steering {
  std::shared_ptr<const Dataset> data = make_two_word_sentences();
  Model model = make_speaker(data);
  Task task = forget_sentences(data, 4);

  // Of the projection, [8, 32].
  Tensor gradient(double steering, std::uint64_t seed) const {
    Model moved = model.clone();
    run_method(
        "rmu",
        fmt::format("{{layer: 0, alpha: 0, steering: {}, {}}}", steering, plain_steps(1, 0.125)),
        moved, task, seed);
    const Tensor step = (model.theta() - moved.theta()) / 0.125;
    return step.index({named(model, "h.0.mlp.c_proj.weight")}).view({8, 32});
  }
  // Over the positions that say answers, then over sentences.
  Tensor mean_key() const {
    const Batch batch = task.forget.batch(0, 4, at::kDouble);
    const std::size_t projection = model.find_parameter("h.0.mlp.c_proj.weight").value();
    Tensor keys;
    model.forward(batch.inputs, [&](std::size_t weight, const Tensor& in, const Tensor& out) {
      if (weight == projection) keys = in.detach();
      return out;
    });
    const Tensor said = data->sequences.answers(batch.rows).to(at::kDouble).unsqueeze(2);
    return ((keys * said).sum(1) / said.sum(1)).mean(0);
  }
  Tensor direction(std::uint64_t seed) const {
    const Tensor key = mean_key(), linear = gradient(1, seed) - gradient(0, seed);
    const Tensor u = -8.0 / 2 * linear.mv(key) / key.dot(key);
    EXPECT_LT(max_abs(linear + 2.0 / 8 * at::outer(u, key)), 1e-12) << "nothing but u and the keys";
    return u;
  }
};

TEST(Rmu, AimsAtOneDirectionOfTheGivenLength) {
  const Steering s;
  // Linear in the steering, and the same direction each time.
  const Tensor at_none = s.gradient(0, 0), at_one = s.gradient(1, 0) - at_none;
  EXPECT_LT(max_abs(s.gradient(7, 0) - at_none - 7 * at_one), 1e-12);
  EXPECT_NEAR(s.direction(0).norm().item<double>(), 1, 1e-12);
}

// Each coordinate is drawn evenly from 0 on: none is negative, as half of a normal draw's would be,
// and their mean over their root mean square is about (1 / 2) / sqrt(1 / 3), where that of absolute
// values of a normal draw is 0.80 and that of a constant 1.
TEST(Rmu, DrawsItsDirectionEvenlyAndAboveZero) {
  const Steering s;
  double sum = 0;
  Tensor last = at::zeros({8}, at::kDouble);
  constexpr int kSeeds = 40;
  for (int seed = 0; seed < kSeeds; ++seed) {
    const Tensor u = s.direction(static_cast<std::uint64_t>(seed));
    EXPECT_NEAR(u.norm().item<double>(), 1, 1e-12);
    EXPECT_GE(u.min().item<double>(), -1e-12);
    EXPECT_GT(max_abs(u - last), 1e-2) << "another seed";
    last = u;
    sum += (u.mean() / u.square().mean().sqrt()).item<double>();
  }
  EXPECT_NEAR(sum / kSeeds, std::sqrt(3.0) / 2, 0.03);
}

TEST(Rmu, HoldsTheStreamOfWhatRemains) {
  const auto data = make_two_word_sentences();
  const Model original = make_speaker(data);
  const Task task = forget_sentences(data, 4);
  const auto drift = [&](const std::string& alpha) {
    Model model = original.clone();
    run_method("rmu", "{layer: 0, epochs: 30, lr: 0.01, alpha: " + alpha + "}", model, task);
    const Batch rest = task.retain.batch(0, 8, at::kDouble);
    return (stream(model, rest) - stream(original, rest)).square().mean().item<double>();
  };
  EXPECT_LT(drift("1000"), 0.1 * drift("0"));
}

TEST(Rmu, RefusesALayerThatIsNotThere) {
  const auto data = make_two_word_sentences();
  Model model = make_speaker(data);
  EXPECT_ERROR(ErrorKind::kTask, run_method("rmu", "{layer: 2}", model, forget_sentences(data, 4)),
               ::testing::HasSubstr("h.2.mlp.c_proj.weight"));
}

}  // namespace
}  // namespace oubli
