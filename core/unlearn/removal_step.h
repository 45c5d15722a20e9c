// Newton steps on a linear model that rows leave, and by how much they change the gradient that is
// left, bounded.
//
// looked_step: H V = B at what is left, read in one pass or a few (linear_solve.h). The gradient
// changes from g to g + B + e,
//
//   |e| <= |H V - B| + gamma/2 |X| |(XV) o (XV)|
//
// RecordedHessian: from what training wrote down (newton_record.h), nothing read but the rows R
// that left since then, n_r rows being left of n:
//
//   H = H_0 - C + E,   C = sum over R of l''(x'w_0) x x' + l2 |R| I
//   V <- V + N r / n_r,  U <- U + (n / n_r) r,  r = B - U + C V,   until |r| <= tolerance |B|
//
// N the record's inverse, so that U is H_0 V but for |I - H_0 N / n| times the lengths of what was
// added to it. E, how far l'' of the rows left has moved with w from w_0 on, is bounded by |l'' -
// l''_0| <= gamma |x'(w - w_0)|, and so is the remainder: with v the columns of V and w, w_0, w_1
// those of the weights, now, behind training and at the last look at the data, X the rows of
// training, of which those left are some, and farthest = max over the rows then left of
// |x'(w_1 - w_0)|,
//
//   |e| <= |r| + |I - H_0 N / n| |dU|
//              + gamma |X| | |Xv| (farthest + max|x| (|w - w_1| + |v| / 2)) |
//
// the outer norm over outputs.
#pragma once

#include <cstdint>

#include "core/base/context.h"
#include "core/nn/linear_weights.h"
#include "core/unlearn/newton_record.h"

namespace oubli {

struct RemovalStep {
  Tensor step;              // V [d, outputs]
  double bound = 0;         // of |e|
  double lengths = 0;       // | |v| |Xv| |, the norm over outputs: in the published bound
  std::int64_t passes = 0;  // through what is left
};

// Where a linear model stands: w [d, outputs].
struct LinearPlace {
  const LinearWeights& weights;
  Tensor w;
  const Objective& objective;
};

// Cost: a sample-gradient for each example left and pass; and n_r d^2 + d^3 for each output where
// the record has no inverse.
RemovalStep looked_step(const LinearPlace& place, const Subset& left, const Tensor& b,
                        const NewtonRecord& record, double tolerance, CostMeter& cost);

// What one pass through what is left says.
struct Look {
  Tensor weights;   // w_1, where it was [d, outputs]
  Tensor farthest;  // max |x'(w_1 - w_0)| [outputs]
  Tensor gradient;  // the sum of the loss's gradients and l2 w_1 [d, outputs]
};
// Cost: a sample-gradient for each example.
Look look_at(const LinearPlace& place, const Subset& left, const NewtonRecord& record,
             CostMeter& cost);
// Training's own: nothing had moved. Of no tensors where the record has no inverse.
Look look_of_training(const NewtonRecord& record);

class RecordedHessian {
 public:
  // The record has an inverse; `removed`: R, `left`: n_r. What is handed must outlive it.
  RecordedHessian(const LinearPlace& place, const NewtonRecord& record, const Subset& removed,
                  std::int64_t left);

  // The step whose product is B [d, outputs], with the last look before it. Cost: a sample-gradient
  // for each row that left and correction, and d^2 for each output.
  RemovalStep step(const Tensor& b, const Look& last, double tolerance, CostMeter& cost) const;

 private:
  Tensor of_removed(const Tensor& v) const;  // C v

  const LinearPlace& place_;
  const NewtonRecord& record_;
  Tensor x_, curvatures_;  // of R
  double left_, ridge_;
};

// The sum over the set of the loss's gradients and l2 w: [d, outputs]. Cost: its size.
Tensor summed_gradient(const LinearPlace& place, const Subset& subset, CostMeter& cost);

}  // namespace oubli
