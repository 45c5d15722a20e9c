// What training a linear model writes down so that Newton steps on it can be taken, and their error
// bounded, without a look at the data:
//
//   w_0 [d, outputs], H_0 the sum's Hessian there (linear_hessian.h), X its inputs, n of them
//   B ~ n H_0^-1 [outputs, d, d], of the mean, which hardly changes when a few of n examples leave
//   G ~ X'X [d, d], float32
//
// with bounds of what the inversion and the products with G in float32 leave out. Where B takes
// more than 16 MiB these are left out. Cost: n d^2 and d^3 for each output. Memory: 16 n d bytes.
#pragma once

#include <cstdint>

#include "core/nn/model.h"
#include "core/train/objective.h"
#include "core/unlearn/method_state.h"

namespace oubli {

struct NewtonRecord {
  double examples = 0;                            // n
  double largest_singular = 0;                    // |X|
  double longest = 0;                             // max |x_i|
  double squared_lengths = 0, fourth_powers = 0;  // sums of |x_i|^2 and |x_i|^4
  // Undefined where they were too large.
  Tensor weights;            // w_0
  Tensor inverse_mean;       // B
  double inverse_error = 0;  // |I - H_0 B / n|, of the worst output
  Tensor gram;               // G
  double gram_error = 0;     // |a'X'Xa - a'(Ga)| <= this |a|^2, G a rounded to float32

  bool has_inverse() const { return inverse_mean.defined(); }

  static NewtonRecord of(const Model& model, const Subset& trained, const Objective& objective);
  static NewtonRecord read(const MethodState& state);
  void write(MethodState& state) const;
};

}  // namespace oubli
