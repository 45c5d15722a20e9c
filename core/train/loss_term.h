// What a step descends: a weighted sum of mean losses over batches,
//
//   sum_k  c_k (1 / b_k) sum_i w_i l_k(f(x_i), i)
//
// A descent makes terms of one batch (Descent::loss), and they are added, subtracted and multiplied
// by numbers, so that a method reads as its formula:
//
//   descent.step(alpha * descent.loss(retain) - (1 - alpha) * descent.loss(forget));
#pragma once

#include <functional>
#include <utility>
#include <vector>

#include "core/data/dataset.h"

namespace oubli {

// The loss of each example [b] as a differentiable function of the network's outputs [b, outputs]:
// a divergence to a teacher's outputs, an entropy, the objective's on labels of one's own.
using OutputLoss = std::function<Tensor(const Tensor& outputs)>;

class LossTerm {
 public:
  struct Part {
    double weight = 1;
    Batch batch;
    OutputLoss loss;  // none: the objective's own, on the batch's targets
  };

  LossTerm() = default;
  LossTerm(Batch batch, OutputLoss loss) {
    parts_.push_back({1, std::move(batch), std::move(loss)});
  }

  const std::vector<Part>& parts() const { return parts_; }
  LossTerm& operator*=(double factor) {
    for (Part& part : parts_) part.weight *= factor;
    return *this;
  }
  LossTerm& operator+=(LossTerm other) {
    for (Part& part : other.parts_) parts_.push_back(std::move(part));
    return *this;
  }

 private:
  std::vector<Part> parts_;
};

inline LossTerm operator*(double factor, LossTerm term) { return std::move(term *= factor); }
inline LossTerm operator+(LossTerm a, LossTerm b) { return std::move(a += std::move(b)); }
inline LossTerm operator-(LossTerm a, LossTerm b) { return std::move(a += -1 * std::move(b)); }
inline LossTerm operator-(LossTerm term) { return -1 * std::move(term); }

}  // namespace oubli
