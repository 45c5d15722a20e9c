// The weights of a linear model as one matrix, and its inputs with a column of ones for the bias:
// for methods that solve with d x d matrices.
#pragma once

#include <optional>

#include "core/nn/model.h"

namespace oubli {

struct LinearWeights {
  const ParameterInfo* weight = nullptr;  // [outputs, inputs]
  const ParameterInfo* bias = nullptr;    // [outputs], or none

  // None where the model is not one weight and at most one bias.
  static std::optional<LinearWeights> of(const Model& model);

  // float64 [inputs (+ 1), outputs], of a flat vector [dim].
  Tensor matrix(const Tensor& flat) const;
  // The flat vector of such a matrix, float64 [dim].
  Tensor flat(const Tensor& matrix) const;
  // A batch's inputs X, flattened, float64 [b, inputs (+ 1)].
  Tensor inputs(const Tensor& batch) const;
  // X M and X' R without the column of ones; `batch` float64.
  Tensor outputs(const Tensor& batch, const Tensor& matrix) const;
  Tensor pulled_back(const Tensor& batch, const Tensor& residuals) const;
};

}  // namespace oubli
