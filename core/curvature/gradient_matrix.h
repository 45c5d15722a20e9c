// The matrix G [n, dim] whose rows are the gradients of single examples' losses, as products:
//
//   G G'   G H'   G v   G' w   |G_i|^2
//
// with H such a matrix of other examples.
//
// Where a layer multiplies by a weight once for each example, an example's gradient is g a', of the
// layer's input a and the output's gradient g, and
//
//   <g_i a_i', g_j a_j'> = (g_i . g_j)(a_i . a_j),
//
// so that neither rows nor their products are formed: n^2 (in + out) multiply-adds for the Gram
// matrix in place of n^2 in out. Other parameters (convolutions, normalisations, tied weights) keep
// their columns. The regulariser is not part of an example's loss. Evaluation mode; float64.
//
// Errors: Error(kUsage) where what is kept is more than the memory that is available. Cost: one
// sample-gradient for each example, when it is made.
#pragma once

#include <cstdint>
#include <vector>

#include "core/base/context.h"
#include "core/nn/linearisation.h"
#include "core/train/objective.h"

namespace oubli {

class GradientMatrix {
 public:
  GradientMatrix(const Model& model, const Subset& subset, const Objective& objective,
                 CostMeter& cost);

  std::int64_t rows() const { return rows_; }
  Tensor gram() const { return products(*this); }  // [n, n]
  // Of two sets at one theta: [n, n of the other].
  Tensor products(const GradientMatrix& other) const;
  Tensor squared_norms() const;                    // [n]
  Tensor times(const Tensor& v) const;             // v [dim]: [n]
  Tensor transposed_times(const Tensor& w) const;  // w [n]: [dim]

 private:
  using Leaves = std::vector<ParameterLinearisation*>;
  struct Layout;
  // A weight and the bias behind it, if there is one: inputs [n, in, with a 1 for the bias] and
  // output gradients [n, out].
  struct Factors {
    Tensor inputs, gradients;
    std::int64_t weight_offset = 0, bias_offset = 0;
    bool has_bias = false;
    Tensor columns_of(const Tensor& v) const;  // the layer's [out, in] of a flat vector
  };
  struct Columns {
    Tensor values;  // [n, size]
    std::int64_t offset = 0;
  };

  Layout lay_out(const Leaves& leaves, const std::vector<ParameterInfo>& infos);
  void add_rows(const Leaves& leaves, const Layout& layout, std::int64_t begin, std::int64_t count);

  std::int64_t rows_ = 0, dim_ = 0;
  std::vector<Factors> factors_;
  std::vector<Columns> columns_;
};

}  // namespace oubli
