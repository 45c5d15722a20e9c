// Effects drawn at random: the row that knows nothing, whose score is 0 up to chance, and shows how
// wide that chance is.
#include "core/attribution/attributor.h"

namespace oubli {
namespace {

class RandomEffects : public Attributor {
 public:
  explicit RandomEffects(const Settings&) {}

  double estimate_cost(const AttributionTask&) const override { return 0; }

  Attribution attribute(const Model&, const AttributionTask& task,
                        Context& context) const override {
    Generator draws = context.generator.stream("effects");
    return {.effect = draws.normal({task.train.size(), task.tests.size()}, at::kDouble),
            .refusal = ""};
  }
};

}  // namespace

AttributorInfo random_effects_attributor() {
  return {.name = "random_effects",
          .summary = "numbers drawn at random, whose score is 0 up to chance",
          .reference = "oubli",
          .definition = "effect ~ N(0, 1), drawn for each original",
          .make = make_attributor<RandomEffects>};
}

}  // namespace oubli
