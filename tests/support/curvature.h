// Small models and the dense matrices that curvature operators must be, by plain definitions and
// automatic differentiation: slow, independent of the layers' rules.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/train/objective.h"

namespace oubli::testing {

// A model on a set, float64.
struct CurvatureProblem {
  std::string name;
  Subset subset;
  Objective objective;
  Model model;
};

// Architectures by name: logistic, mlp (tanh), linear, mlp_regression, binary, convolutions (with
// batch and group normalisation and a residual block), tokens (embedding, layer normalisation,
// positions), gpt (attention, a tied head), language (gpt with outputs at every position, of which
// some are asked for), decoder (the same of two layers with two heads each).
CurvatureProblem curvature_problem(const std::string& name, std::int64_t examples = 13);
std::vector<std::string> curvature_problem_names();

// The gradient of each example's loss, one after another: float64 [n, dim].
Tensor dense_gradients(const Model& model, const Subset& subset, const Objective& objective);

// Each float64 [dim, dim], with the weights of the subset; without lambda.
Tensor dense_hessian(const CurvatureProblem& problem);
Tensor dense_ggn(const CurvatureProblem& problem);
Tensor dense_empirical_fisher(const CurvatureProblem& problem);
Tensor dense_expected_fisher(const CurvatureProblem& problem);

}  // namespace oubli::testing
