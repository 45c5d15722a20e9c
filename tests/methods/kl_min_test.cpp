#include <gtest/gtest.h>

#include "core/unlearn/teacher.h"
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

TEST(KlMin, AtTheOriginalWhatRemainsHasNoGradient) {
  const auto data = make_two_word_sentences();
  const Model model = make_speaker(data);
  const Task task = forget_sentences(data, 4);
  const Tensor without = first_gradient("grad_diff", "alpha: 0", model, task);
  EXPECT_LT(max_abs(first_gradient("kl_min", "alpha: 100", model, task) - without), 1e-12);
}

TEST(KlMin, ThenHoldsThePredictionsOfEveryWord) {
  const auto data = make_two_word_sentences();
  Model model = make_speaker(data);
  const Task task = forget_sentences(data, 4);
  const Model original = model.clone();
  run_method("kl_min", "{alpha: 0, " + plain_steps(1, 0.1) + "}", model, task);
  // The second of two steps, written out.
  Tensor expected;
  {
    const Tensor ascent = first_gradient("grad_diff", "alpha: 0", model, task);
    const Tensor held = gradient_of(model, [&] {
      Tensor sum = at::zeros({}, at::kDouble);
      for (std::int64_t i = 0; i < task.retain.size(); ++i) {
        const Batch one = task.retain.batch(i, 1, at::kDouble);
        const std::int64_t words = one.targets.ge(0).sum().item<std::int64_t>();
        const Tensor p = original.forward(one.inputs).softmax(2)[0].narrow(0, 0, words);
        const Tensor q = model.forward(one.inputs).softmax(2)[0].narrow(0, 0, words);
        sum = sum + (p.detach() * (p.detach() / q).log()).sum() / static_cast<double>(words);
      }
      return sum / static_cast<double>(task.retain.size());
    });
    expected = model.theta() - 0.1 * (ascent + 2 * held);
  }
  Model edited = original.clone();
  run_method("kl_min", "{alpha: 2, " + plain_steps(2, 0.1) + "}", edited, task);
  EXPECT_LT(max_abs(edited.theta() - expected), 1e-13);
}

}  // namespace
}  // namespace oubli
