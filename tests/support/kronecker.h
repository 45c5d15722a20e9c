// Networks whose Fisher matrices Kronecker factors give exactly, and the blocks of dense matrices.
#pragma once

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "core/curvature/kronecker_factors.h"
#include "tests/support/curvature.h"
#include "tests/support/numbers.h"
#include "tests/support/toy_model.h"

namespace oubli::testing {

constexpr FisherTargets kExact = FisherTargets::kExpected;
constexpr WeightSharing kBoth[] = {WeightSharing::kExpand, WeightSharing::kReduce};

inline Tensor identity(const CurvatureProblem& problem, double factor) {
  return factor * at::eye(problem.model.dim(), at::kDouble);
}

inline void expect_equal(const Tensor& found, const Tensor& expected, double tolerance = 1e-12) {
  EXPECT_LT(largest(found - expected), tolerance * largest(expected));
}

// A network with outputs under the squared error, on Gaussian inputs of this shape; float64.
CurvatureProblem regression_problem(const std::string& name, std::vector<std::int64_t> input_shape,
                                    const std::function<void(Sequential&, ParameterTable&)>& fill,
                                    std::int64_t examples = 7);

// The entries of `dense` between parameters of one layer (the name up to the last point) and of one
// of its groups, by `groups`, 1 for layers not named there; 0 stands for the diagonal alone.
Tensor layer_blocks(const Model& model, const Tensor& dense,
                    const std::map<std::string, std::int64_t>& groups = {});
// `groups` for the problems of curvature_problem().
std::map<std::string, std::int64_t> groups_of_problem();

// Linear layers over positions, each position an output.
CurvatureProblem deep_linear_over_positions();
// Convolutions of which the second sees single pixels, and the mean over positions.
CurvatureProblem deep_linear_with_pooling();
// One convolution, whose every position is an output.
CurvatureProblem convolution_alone(const Conv2dShape& shape);

// Runs a layer once more: tied weights. Refers to the layer.
struct Again : Layer {
  explicit Again(const Layer& layer_run) : layer(layer_run) {}
  Tensor forward(const Tensor& input, ForwardPass& pass) const override {
    return layer.forward(input, pass);
  }
  std::unique_ptr<LayerLinearisation> linearise(const Tensor& input,
                                                ForwardPass& pass) const override {
    return layer.linearise(input, pass);
  }
  const Layer& layer;
};
// tanh(W tanh(W x)) and a linear layer, under the squared error.
CurvatureProblem tied_weights();

}  // namespace oubli::testing
