#include "core/nn/layers/dropout.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "core/base/error.h"
#include "core/nn/linearisation.h"

namespace oubli {
namespace {

class Identity : public LayerLinearisation {
 public:
  using LayerLinearisation::LayerLinearisation;
  Tensor tangent(const Tensor& dx, const Tensors&, bool) override { return dx; }
  Tensor adjoint(const Tensor& g, const Adjoint&) override { return g; }
  Tensor adjoint_tangent(const Tensor& dg, const Tensors&, Tensors&, bool) override { return dg; }
  void list_kept(Tensors&) const override {}
};

}  // namespace

Dropout::Dropout(double p) : p_(p) {
  if (p >= 0 && p < 1) return;
  throw Error(ErrorKind::kUsage,
              fmt::format("dropout needs a probability of at least 0 and below 1, found {}", p));
}

Tensor Dropout::forward(const Tensor& input, ForwardPass& pass) const {
  if (pass.mode == PassMode::kEvaluation || p_ == 0) return input;
  if (pass.generator == nullptr) {
    throw Error(ErrorKind::kUsage, "dropout in training mode needs a generator to draw from");
  }
  const Tensor kept = pass.generator->uniform(input.sizes(), input.scalar_type()).ge(p_);
  return input * kept / (1 - p_);
}

std::unique_ptr<LayerLinearisation> Dropout::linearise(const Tensor& input,
                                                       ForwardPass& pass) const {
  if (pass.mode == PassMode::kTraining && p_ > 0) {
    throw Error(ErrorKind::kNumerics,
                "dropout is active in training mode: every pass has another loss, and none has a "
                "curvature. Use evaluation mode.");
  }
  return std::make_unique<Identity>(input);
}

}  // namespace oubli
