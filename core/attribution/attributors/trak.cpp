// TRAK: the network taken as linear in its gradients, those projected at random to a few
// dimensions, and logistic regression solved there in one step.
//
//   phi(x) = P' grad f(x),   f = ln(p_y / (1 - p_y)),   P [dim, k] ~ N(0, 1)
//   effect[i, t] = (1 - p_t) phi(t) . (Phi' Phi + mu I)^-1 phi(x_i) (1 - p_i)
//
// with Phi [n, k] the projections of the training set. The factor 1 - p_t turns the change of f
// into that of the test's loss and leaves ranks as they are. Source: Park et al. 2023 (arXiv
// 2303.14186), equations 13 and 16. Deviation: an ensemble is the mean of the models' effects (the
// rows' `together`), where the paper averages the two factors apart.
//
// For classifiers. Errors: Error(kTask) for other losses, Error(kUsage) where P does not fit into
// memory. A Gram matrix that cannot be inverted, as with k above n, gives no effects: raise
// `regularisation` or lower `dimension`. Cost: n + tests, and as much again for each few hundred
// dimensions, which is not counted.
#include <ATen/ATen.h>
#include <fmt/format.h>

#include "core/attribution/attributor.h"
#include "core/base/machine_limits.h"
#include "core/curvature/example_gradients.h"

namespace oubli {
namespace {

// Of each example: phi [n, k] and 1 - p_y [n], float64.
struct TrakFeatures {
  Tensor phi, doubt;
};

Tensor margin_gradients(const Objective& loss, const Tensor& outputs, const Tensor& labels) {
  const Tensor scores = loss.class_scores(outputs);
  const Tensor own = at::zeros_like(scores).scatter_(1, labels.unsqueeze(1), 1);
  const Tensor of_scores = own - without_label(scores, labels).softmax(1);
  // The scores of one output f are [0, f].
  return loss.loss == LossKind::kBinaryLogistic ? of_scores.narrow(1, 1, 1) : of_scores;
}

TrakFeatures trak_features(const Model& model, const Subset& subset, const Objective& loss,
                           const Tensor& projection, CostMeter& cost) {
  constexpr std::int64_t kAtOnce = 64;
  Tensors phi, doubt;
  visit_example_gradients(
      model, subset,
      [&](const Tensor& outputs, const Tensor& targets) {
        return margin_gradients(loss, outputs, targets);
      },
      cost,
      [&](const ExampleGradients& some) {
        phi.push_back(at::mm(some.gradients, projection).to(at::kDouble));
        const Tensor log_p = loss.class_scores(some.outputs).to(at::kDouble).log_softmax(1);
        doubt.push_back(-log_p.gather(1, some.batch.targets.unsqueeze(1)).squeeze(1).expm1());
      },
      kAtOnce);
  return {at::cat(phi), at::cat(doubt)};
}

class Trak : public Attributor {
 public:
  explicit Trak(const Settings& settings)
      : dimension_(settings.integer(
            "dimension",
            {.default_value = 512, .at_least = 1, .doc = "that gradients are projected to"})),
        regularisation_(settings.real(
            "regularisation",
            {.default_value = 0,
             .at_least = 0,
             .doc = "mu over the mean diagonal entry of the projections' Gram matrix"})) {}

  double estimate_cost(const AttributionTask& task) const override {
    return static_cast<double>(task.train.size() + task.tests.size());
  }

  void require_fitting(const Model&, const AttributionTask& task) const override {
    const LossKind loss = task.recipe.objective.loss;
    if (loss == LossKind::kCrossEntropy || loss == LossKind::kBinaryLogistic) return;
    throw Error(ErrorKind::kTask,
                "trak is for classifiers with the loss cross_entropy or binary_logistic");
  }

  Attribution attribute(const Model& model, const AttributionTask& task,
                        Context& context) const override {
    require_fitting(model, task);
    const std::string shortage = memory_shortage(
        4.0 * static_cast<double>(model.dim()) * static_cast<double>(dimension_),
        fmt::format("a projection of {} parameters to {} dimensions", model.dim(), dimension_));
    if (!shortage.empty()) throw Error(ErrorKind::kUsage, shortage + " Lower 'dimension'.");
    Generator draws = context.generator.stream("projection");
    const Tensor projection = draws.normal({model.dim(), dimension_}, model.dtype());
    const TrakFeatures train =
        trak_features(model, task.train, task.loss(), projection, context.cost);
    const TrakFeatures tests =
        trak_features(model, task.tests, task.loss(), projection, context.cost);
    Tensor gram = at::mm(train.phi.t(), train.phi);
    const double scale = gram.diagonal().mean().item<double>();
    gram.diagonal().add_(regularisation_ * scale);
    const auto [factor, info] = at::linalg_cholesky_ex(gram);
    if (!is_well_conditioned(factor, info, scale)) {
      return {.effect = {},
              .refusal = fmt::format("the projected gradients of {} examples do not span {} "
                                     "dimensions: lower 'dimension' or raise 'regularisation'",
                                     task.train.size(), dimension_)};
    }
    const Tensor solved = at::cholesky_solve(tests.phi.t(), factor);  // [k, tests]
    Tensor effect = at::mm(train.phi, solved);
    effect.mul_(train.doubt.unsqueeze(1)).mul_(tests.doubt);
    return {.effect = effect, .refusal = ""};
  }

 private:
  static bool is_well_conditioned(const Tensor& factor, const Tensor& info, double scale) {
    if (info.item<std::int64_t>() != 0) return false;
    const double least = factor.diagonal().square().min().item<double>();
    return least > 1e-12 * scale;
  }

  std::int64_t dimension_;
  double regularisation_;
};

}  // namespace

AttributorInfo trak_attributor() {
  return {.name = "trak",
          .summary = "one step of logistic regression on gradients projected at random",
          .reference = "Park et al. 2023, arXiv 2303.14186, equations 13 and 16",
          .definition =
              "effect = (1 - p_t) phi(t) . (Phi' Phi + mu I)^-1 phi(x_i) (1 - p_i), phi(x) = P' "
              "grad ln(p_y / (1 - p_y)), P [dim, dimension] ~ N(0, 1) drawn for each original, mu "
              "= regularisation times the mean diagonal entry of Phi' Phi",
          .make = make_attributor<Trak>};
}

}  // namespace oubli
