// The product of two gradients at the end of training: what one small step on the example would do
// to the test.
//
//   effect[i, t] = grad l_i . grad l_t
//
// The influence function with the identity in the place of the curvature, and without its unit: the
// size of a step is nobody's here, so values are for ranks and correlations. Source: Charpiat et
// al. 2019 (NeurIPS 32), "grad-dot". Cost: n + tests.
#include "core/attribution/attributor.h"
#include "core/curvature/gradient_matrix.h"

namespace oubli {
namespace {

class GradientDot : public Attributor {
 public:
  explicit GradientDot(const Settings&) {}

  double estimate_cost(const AttributionTask& task) const override {
    return static_cast<double>(task.train.size() + task.tests.size());
  }

  Attribution attribute(const Model& model, const AttributionTask& task,
                        Context& context) const override {
    const GradientMatrix train(model, task.train, task.loss(), context.cost);
    const GradientMatrix tests(model, task.tests, task.loss(), context.cost);
    return {.effect = train.products(tests), .refusal = ""};
  }
};

}  // namespace

AttributorInfo gradient_dot_attributor() {
  return {.name = "gradient_dot",
          .summary = "products of two examples' gradients",
          .reference = "Charpiat et al. 2019, NeurIPS 32",
          .definition = "effect = grad l_i . grad l_t at the end of training; in no unit of a loss",
          .make = make_attributor<GradientDot>};
}

}  // namespace oubli
