// The cosine of two gradients at the end of training.
//
//   effect[i, t] = grad l_i . grad l_t / (|grad l_i| |grad l_t|)
//
// Examples with large gradients, often mislabelled ones, do not outweigh the others. It has no unit
// of a loss: values are for ranks and correlations. A gradient of zero has a cosine of 0. Source:
// Charpiat et al. 2019 (NeurIPS 32), "grad-cos". Cost: n + tests.
#include <ATen/ATen.h>

#include <limits>

#include "core/attribution/attributor.h"
#include "core/curvature/gradient_matrix.h"

namespace oubli {
namespace {

class GradientCosine : public Attributor {
 public:
  explicit GradientCosine(const Settings&) {}

  double estimate_cost(const AttributionTask& task) const override {
    return static_cast<double>(task.train.size() + task.tests.size());
  }

  Attribution attribute(const Model& model, const AttributionTask& task,
                        Context& context) const override {
    const GradientMatrix train(model, task.train, task.loss(), context.cost);
    const GradientMatrix tests(model, task.tests, task.loss(), context.cost);
    const auto length_of = [](const GradientMatrix& gradients) {
      return gradients.squared_norms().sqrt().clamp_min(std::numeric_limits<double>::min());
    };
    Tensor cosines = train.products(tests);
    cosines.div_(length_of(train).unsqueeze(1)).div_(length_of(tests));
    return {.effect = cosines, .refusal = ""};
  }
};

}  // namespace

AttributorInfo gradient_cosine_attributor() {
  return {.name = "gradient_cosine",
          .summary = "cosines of two examples' gradients",
          .reference = "Charpiat et al. 2019, NeurIPS 32",
          .definition =
              "effect = grad l_i . grad l_t / (|grad l_i| |grad l_t|) at the end of "
              "training, 0 where one of them is 0; in no unit of a loss",
          .make = make_attributor<GradientCosine>};
}

}  // namespace oubli
