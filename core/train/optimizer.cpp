#include "core/train/optimizer.h"

#include <ATen/ATen.h>

#include <cmath>

namespace oubli {
namespace {

class Sgd : public Optimizer {
 public:
  Sgd(double momentum, bool nesterov) : momentum_(momentum), nesterov_(nesterov) {}

  void step(const Tensor& theta, const Tensor& gradient, double lr) override {
    if (momentum_ == 0) {
      theta.sub_(gradient, lr);
      return;
    }
    if (velocity_.defined()) {
      velocity_.mul_(momentum_).add_(gradient);
    } else {
      velocity_ = gradient.clone();
    }
    if (nesterov_) theta.sub_(gradient, lr);
    theta.sub_(velocity_, nesterov_ ? lr * momentum_ : lr);
  }

 private:
  double momentum_;
  bool nesterov_;
  Tensor velocity_;
};

class Adam : public Optimizer {
 public:
  explicit Adam(const OptimizerSettings& s) : s_(s) {}

  void step(const Tensor& theta, const Tensor& gradient, double lr) override {
    if (!first_.defined()) {
      first_ = at::zeros_like(gradient);
      second_ = at::zeros_like(gradient);
    }
    ++steps_;
    if (s_.name == "adamw") theta.mul_(1 - lr * s_.weight_decay);
    first_.mul_(s_.beta1).add_(gradient, 1 - s_.beta1);
    second_.mul_(s_.beta2).addcmul_(gradient, gradient, 1 - s_.beta2);
    const double correct_first = 1 - std::pow(s_.beta1, steps_);
    const double correct_second = 1 - std::pow(s_.beta2, steps_);
    const Tensor scale = second_.sqrt().div_(std::sqrt(correct_second)).add_(s_.epsilon);
    theta.addcdiv_(first_, scale, -lr / correct_first);
  }

 private:
  OptimizerSettings s_;
  double steps_ = 0;
  Tensor first_, second_;
};

}  // namespace

OptimizerSettings OptimizerSettings::read(const Settings& parent) {
  OptimizerSettings o;
  const auto [name, settings] = parent.named_child(
      "optimizer", "sgd", {"sgd", "adam", "adamw", "lbfgs"}, "how the objective is minimised");
  o.name = name;
  if (name == "lbfgs") {
    o.tolerance = settings.real(
        "tolerance",
        {.standard = o.tolerance, .above = 0, .doc = "gradient norm at which it has converged"});
    o.max_iterations = settings.integer(
        "max_iterations", {.standard = 500, .at_least = 1, .doc = "iterations at most"});
    o.memory = settings.integer(
        "memory",
        {.standard = 20, .at_least = 1, .doc = "pairs of steps and gradient changes kept"});
    return o;
  }
  o.lr = settings.real(
      "lr",
      {.standard = name == "sgd" ? 0.1 : 1e-3, .above = 0, .doc = "learning rate at the start"});
  if (name == "sgd") {
    o.momentum = settings.real(
        "momentum",
        {.standard = 0, .at_least = 0, .below = 1, .doc = "share of the last step kept"});
    o.nesterov = settings.flag("nesterov", {.standard = false, .doc = "look-ahead momentum"});
    return o;
  }
  o.beta1 = settings.real(
      "beta1",
      {.standard = o.beta1, .at_least = 0, .below = 1, .doc = "decay of the first moment"});
  o.beta2 = settings.real(
      "beta2",
      {.standard = o.beta2, .at_least = 0, .below = 1, .doc = "decay of the second moment"});
  o.epsilon = settings.real(
      "epsilon",
      {.standard = o.epsilon, .above = 0, .doc = "added to the root of the second moment"});
  if (name == "adamw") {
    o.weight_decay = settings.real(
        "weight_decay",
        {.standard = 0.01, .at_least = 0, .doc = "decoupled decay, outside the objective"});
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
