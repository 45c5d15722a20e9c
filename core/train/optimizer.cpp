#include "core/train/optimizer.h"

#include <ATen/ATen.h>

namespace oubli {
namespace {

// LibTorch's fused kernels make one pass over memory where single operations make one for each.
class Sgd : public Optimizer {
 public:
  Sgd(double momentum, bool nesterov) : momentum_(momentum), nesterov_(nesterov) {}

  void step(const Tensor& theta, const Tensor& gradient, double lr) override {
    const bool first = velocity_.empty();
    if (first && momentum_ != 0) velocity_ = {at::empty_like(gradient)};
    at::_fused_sgd_({theta}, {gradient}, velocity_, /*weight_decay=*/0, momentum_, lr,
                    /*dampening=*/0, nesterov_, /*maximize=*/false, /*is_first_step=*/first);
  }

 private:
  double momentum_;
  bool nesterov_;
  Tensors velocity_;  // one, or none without momentum
};

class Adam : public Optimizer {
 public:
  explicit Adam(const OptimizerSettings& s) : s_(s) {}

  void step(const Tensor& theta, const Tensor& gradient, double lr) override {
    if (!first_.defined()) {
      first_ = at::zeros_like(gradient);
      second_ = at::zeros_like(gradient);
      steps_ = at::zeros({}, at::kDouble);
    }
    steps_.add_(1);
    const auto fused =
        s_.name == "adamw" ? at::_ops::_fused_adamw_::call : at::_ops::_fused_adam_::call;
    fused({theta}, {gradient}, {first_}, {second_}, {}, {steps_}, lr, s_.beta1, s_.beta2,
          s_.name == "adamw" ? s_.weight_decay : 0, s_.epsilon, /*amsgrad=*/false,
          /*maximize=*/false, {}, {});
  }

 private:
  OptimizerSettings s_;
  Tensor first_, second_, steps_;
};

}  // namespace

OptimizerSettings OptimizerSettings::read(const Settings& parent) {
  OptimizerSettings o;
  const auto [name, settings] =
      parent.named_child("optimizer", "sgd", {"sgd", "adam", "adamw", "lbfgs", "least_squares"},
                         "how the objective is minimised");
  o.name = name;
  if (name == "least_squares") return o;
  if (name == "lbfgs") {
    o.tolerance = settings.real("tolerance", {.default_value = o.tolerance,
                                              .above = 0,
                                              .doc = "gradient norm at which it has converged"});
    o.max_iterations = settings.integer(
        "max_iterations", {.default_value = 500, .at_least = 1, .doc = "iterations at most"});
    o.memory = settings.integer("memory", {.default_value = 20,
                                           .at_least = 1,
                                           .at_most = 1000,
                                           .doc = "pairs of steps and gradient changes kept"});
    return o;
  }
  o.lr = settings.real("lr", {.default_value = name == "sgd" ? 0.1 : 1e-3,
                              .above = 0,
                              .doc = "learning rate at the start"});
  if (name == "sgd") {
    o.momentum = settings.real(
        "momentum",
        {.default_value = 0, .at_least = 0, .below = 1, .doc = "share of the last step kept"});
    o.nesterov = settings.flag("nesterov", {.default_value = false, .doc = "look-ahead momentum"});
    return o;
  }
  o.beta1 = settings.real(
      "beta1",
      {.default_value = o.beta1, .at_least = 0, .below = 1, .doc = "decay of the first moment"});
  o.beta2 = settings.real(
      "beta2",
      {.default_value = o.beta2, .at_least = 0, .below = 1, .doc = "decay of the second moment"});
  o.epsilon = settings.real(
      "epsilon",
      {.default_value = o.epsilon, .above = 0, .doc = "added to the root of the second moment"});
  if (name == "adamw") {
    o.weight_decay = settings.real(
        "weight_decay",
        {.default_value = 0.01, .at_least = 0, .doc = "decoupled decay, outside the objective"});
  }
  return o;
}

std::unique_ptr<Optimizer> make_optimizer(const OptimizerSettings& settings) {
  if (settings.name == "sgd") {
    return std::make_unique<Sgd>(settings.momentum, settings.nesterov);
  }
  if (settings.name == "adam" || settings.name == "adamw") return std::make_unique<Adam>(settings);
  throw Error(ErrorKind::kUsage, "'" + settings.name + "' is not a first-order optimiser");
}

}  // namespace oubli
