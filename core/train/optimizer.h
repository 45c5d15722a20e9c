// First-order optimisers over the flat parameter vector: each step is a handful of operations on
// one vector, whatever the number of layers.
#pragma once

#include <memory>
#include <string>

#include "core/base/settings.h"
#include "core/base/tensor.h"

namespace oubli {

// Every setting of every optimiser; which of them matter follows from `name`.
struct OptimizerSettings {
  std::string name = "sgd";  // sgd, adam, adamw, lbfgs, least_squares
  double lr = 0.1;
  double momentum = 0;                // sgd
  bool nesterov = false;              // sgd
  double beta1 = 0.9;                 // adam, adamw
  double beta2 = 0.999;               // adam, adamw
  double epsilon = 1e-8;              // adam, adamw
  double weight_decay = 0;            // adamw: decoupled, outside the objective
  double tolerance = 1e-9;            // lbfgs: gradient norm at which it has converged
  std::int64_t max_iterations = 500;  // lbfgs
  std::int64_t memory = 20;           // lbfgs

  bool is_full_batch() const { return name == "lbfgs" || name == "least_squares"; }
  // Reads `optimizer: {name: ..., ...}` from its parent map.
  static OptimizerSettings read(const Settings& parent);
};

// theta <- theta - lr * direction(gradient). The gradient includes the L2 term of the objective.
class Optimizer {
 public:
  virtual ~Optimizer() = default;
  // Both [dim] and of the same type; theta changes in place.
  virtual void step(const Tensor& theta, const Tensor& gradient, double lr) = 0;
};

// sgd: v <- momentum v + g; theta <- theta - lr v (Nesterov: g + momentum v), Sutskever et al.
// 2013 in PyTorch's form. adam: Kingma and Ba 2015, bias-corrected. adamw: Loshchilov and Hutter
// 2019. Throws Error(kUsage) for lbfgs and least_squares, which are solvers of their own.
std::unique_ptr<Optimizer> make_optimizer(const OptimizerSettings& settings);

}  // namespace oubli
