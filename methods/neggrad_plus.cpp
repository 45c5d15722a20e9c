// NegGrad+: descent on what remains and ascent on what is to be forgotten, in one step.
//
//   min  alpha (1/b) sum_{D_r batch} l - (1 - alpha) (1/b) sum_{D_u batch} l + (l2 / 2) ||theta||^2
//
// an epoch being a pass over D_r (+ D_a), with D_u's batches in a cycle beside. Source: Kurmanji et
// al. 2023 (arXiv 2302.09880), their alpha and rate; their notebook has neither momentum nor decay,
// here the regulariser is training's. With alpha = 1 it is fine-tuning, bit for bit; without an
// upper bound on l, a small alpha diverges. Cost: 2 n_r times the epochs.
#include "core/train/descent_settings.h"
#include "core/unlearn/unlearner.h"

namespace oubli {
namespace {

class NegGradPlus : public Unlearner {
 public:
  explicit NegGradPlus(const Settings& settings)
      : alpha_(settings.real(
            "alpha",
            {.default_value = 0.95, .at_least = 0, .at_most = 1, .doc = "weight of what remains"})),
        steps_(DescentSettings::read(settings, {.epochs = 10, .lr = 0.01, .momentum = 0})) {}

  std::optional<double> estimate_cost(const Task& task) const override {
    return static_cast<double>(2 * task.retain.size() * steps_.epochs);
  }

  UnlearnReport unlearn(Model& model, const Task& task, Context& context) const override {
    Descent descent(model, steps_.recipe(task.recipe), context);
    BatchStream retain = descent.batches(task.retain), forget = descent.batches(task.forget);
    while (descent.next_epoch()) {
      for (const Batch& r : retain) {
        descent.step(alpha_ * descent.loss(r) - (1 - alpha_) * descent.loss(forget.next()));
      }
    }
    return report_of(descent.report());
  }

 private:
  double alpha_;
  DescentSettings steps_;
};

}  // namespace

MethodInfo neggrad_plus_method() {
  return {.name = "neggrad_plus",
          .summary = "descends the loss of what remains and climbs that of the forget set",
          .reference = "Kurmanji et al. 2023, arXiv 2302.09880",
          .definition =
              "Steps on alpha times the mean loss of a batch of what remains and is added, minus "
              "(1 - alpha) times that of a batch of the forget set, plus (l2 / 2) ||theta||^2; an "
              "epoch is a pass over the former, the latter's batches go round.",
          .needs_retain_data = true,
          .needs_forget_data = true,
          .supports_adding = true,
          .takes_sequences = true,
          .make = make_unlearner<NegGradPlus>};
}

}  // namespace oubli
