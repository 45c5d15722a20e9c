// Fisher forgetting: noise on every parameter, more where the retain set does not care.
//
//   theta' = theta + n,  n_i ~ N(0, v_i)
//   form paper:     v_i = alpha (F_i + 1e-8)^(-1/2)
//   form released:  v_i = alpha min(1 / (F_i + 1e-8), 1e3), with the released code's rules by layer
//
// F is the diagonal of the expected Fisher over the retain set (labels from the model, not from the
// data). Source: Golatkar, Achille and Soatto 2020 (arXiv 1911.04933), section 4, where the optimal
// covariance is (lambda sigma_h^2)^(1/2) B^(-1/2); alpha stands for that factor. The authors' code
// has the power -1 and: a cap of 1e2 on the last layer; the mean variance over a weight's input
// dimension; ten times the variance on the last layer and on one-dimensional parameters; and for
// the row of a class that is wholly forgotten, mean 0 and variance 1e-4. `released` follows it.
// Noise comes from the context's stream "noise". Cross-entropy models. Cost: classes times n_r.
#include <ATen/ATen.h>

#include <cmath>

#include "core/base/error.h"
#include "core/curvature/fisher_diagonal.h"
#include "core/unlearn/unlearner.h"

namespace oubli {
namespace {

constexpr double kFloor = 1e-8;

// Classes that the retain set no longer holds.
std::vector<std::int64_t> absent_classes(const Subset& retain) {
  const Tensor counts =
      retain.dataset->targets.index_select(0, retain.rows).bincount({}, retain.dataset->outputs);
  std::vector<std::int64_t> absent;
  for (std::int64_t c = 0; c < counts.numel(); ++c) {
    if (counts[c].item<std::int64_t>() == 0) absent.push_back(c);
  }
  return absent;
}

class FisherForgetting : public Unlearner {
 public:
  explicit FisherForgetting(const Settings& settings) {
    alpha_ =
        settings.real("alpha", {.standard = 1e-6, .at_least = 0, .doc = "scale of the variance"});
    released_ =
        settings.choice("form", {.standard = "paper",
                                 .valid = {"paper", "released"},
                                 .doc = "variance ~ F^(-1/2) of the paper, or the recipe of "
                                        "the released code, ~ F^(-1)"}) == "released";
  }

  std::optional<double> estimate_cost(const Task& task) const override {
    return static_cast<double>(task.retain.size() * task.retain.dataset->outputs);
  }

  UnlearnReport unlearn(Model& model, const Task& task, Context& context) const override {
    if (task.objective().loss != Loss::kCrossEntropy) {
      throw Error(ErrorKind::kTask,
                  "fisher_forgetting needs a model trained by cross_entropy: the "
                  "expected Fisher here is that of a softmax.");
    }
    const Tensor fisher = fisher_diagonal(FisherTargets::kExpected, model, task.retain,
                                          task.objective(), context.cost)
                              .values;
    Tensor mean = model.theta().to(at::kDouble, false, /*copy=*/true);
    const Tensor variance = released_ ? released_variance(model, fisher, task.retain, mean)
                                      : alpha_ * (fisher + kFloor).rsqrt();
    Generator noise = context.generator.stream("noise");
    const Tensor draw = noise.normal({model.dim()}, at::kDouble) * variance.sqrt();
    model.set_theta(mean + draw);
    UnlearnReport report;
    report.details = {{"fisher_mean", fisher.mean().item<double>()},
                      {"noise_norm", draw.norm().item<double>()},
                      {"variance_mean", variance.mean().item<double>()}};
    return report;
  }

 private:
  Tensor released_variance(const Model& model, const Tensor& fisher, const Subset& retain,
                           Tensor& mean) const {
    const std::int64_t classes = retain.dataset->outputs;
    const std::vector<std::int64_t> absent = absent_classes(retain);
    Tensor variance = (fisher + kFloor).reciprocal().clamp_max(1e3);
    const std::vector<Tensor> means = model.split(mean);
    std::vector<Tensor> pieces = model.split(variance);
    for (std::size_t i = 0; i < pieces.size(); ++i) {
      Tensor& v = pieces[i];
      const bool last_layer = v.size(0) == classes;
      if (last_layer) v.clamp_max_(1e2);
      v.mul_(alpha_);
      if (v.dim() > 1) v.copy_(v.mean(1, /*keepdim=*/true).expand_as(v));
      if (last_layer) {
        for (const std::int64_t c : absent) {
          means[i][c].zero_();
          v[c].fill_(1e-4);
        }
      }
      if (last_layer || v.dim() == 1) v.mul_(10);
    }
    return variance;
  }

  double alpha_;
  bool released_;
};

}  // namespace

MethodInfo fisher_forgetting_method() {
  return {.name = "fisher_forgetting",
          .summary = "adds noise where the retain set does not need the parameter",
          .reference = "Golatkar, Achille and Soatto 2020, arXiv 1911.04933",
          .needs_retain_data = true,
          .needs_forget_data = false,
          .supports_adding = false,
          .make = make_unlearner<FisherForgetting>};
}

}  // namespace oubli
