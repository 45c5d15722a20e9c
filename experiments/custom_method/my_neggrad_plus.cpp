// NegGrad+ as a method outside oubli's tree: descend the loss of what remains and climb that of the
// forget set, in one step. methods/README.md, "Writing a method", explains each line.
#include "core/train/descent_settings.h"
#include "core/unlearn/unlearner.h"

namespace {

class MyNegGradPlus : public oubli::Unlearner {
 public:
  explicit MyNegGradPlus(const oubli::Settings& settings)
      : alpha_(settings.real(
            "alpha",
            {.default_value = 0.95, .at_least = 0, .at_most = 1, .doc = "weight of what remains"})),
        steps_(oubli::DescentSettings::read(settings, {.epochs = 10, .lr = 0.01})) {}

  oubli::UnlearnReport unlearn(oubli::Model& model, const oubli::Task& task,
                               oubli::Context& context) const override {
    oubli::Descent descent(model, steps_.recipe(task.recipe), context);
    oubli::BatchStream retain = descent.batches(task.retain), forget = descent.batches(task.forget);
    while (descent.next_epoch()) {
      for (const oubli::Batch& r : retain) {
        descent.step(alpha_ * descent.loss(r) - (1 - alpha_) * descent.loss(forget.next()));
      }
    }
    return oubli::report_of(descent.report());
  }

 private:
  double alpha_;
  oubli::DescentSettings steps_;
};

}  // namespace

oubli::MethodInfo my_neggrad_plus_method() {
  return {.name = "my_neggrad_plus",
          .summary = "descends the loss of what remains and climbs that of the forget set",
          .reference = "Kurmanji et al. 2023, arXiv 2302.09880",
          .definition = "steps on alpha mean l(retain batch) - (1 - alpha) mean l(forget batch)",
          .supports_adding = true,
          .make = oubli::make_unlearner<MyNegGradPlus>};
}
