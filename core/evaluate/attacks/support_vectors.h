// Support-vector classification of one feature with a Gaussian kernel, by libsvm, which is also
// what scikit-learn's SVC runs: with y = +-1 and K(a, b) = exp(-gamma (a - b)^2) it minimises
//   ||w||^2 / 2 + C sum_i max(0, 1 - y_i (w . phi(x_i) + b)),   phi(a) . phi(b) = K(a, b).
// The solver stops at a violation of the optimality conditions of 1e-3, libsvm's default.
// Cost: between O(n^2) and O(n^3).
#pragma once

#include <memory>

#include "core/base/tensor.h"

namespace oubli {

struct SupportVectorSettings {
  double c = 3;
  double gamma = 1;
};

class SupportVectorClassifier {
 public:
  // Features [n], finite. Throws Error(kUsage) where a side is empty or a feature is not finite.
  SupportVectorClassifier(const Tensor& positives, const Tensor& negatives,
                          const SupportVectorSettings& settings = {});

  Tensor predicted(const Tensor& features) const;  // bool [n]: positive

 private:
  struct Fit;
  std::shared_ptr<const Fit> fit_;
};

}  // namespace oubli
