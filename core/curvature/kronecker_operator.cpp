#include "core/curvature/kronecker_operator.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "core/base/error.h"
#include "core/base/text.h"

namespace oubli {
namespace {

Tensor map_through(const KroneckerMap& map, const Tensor& v) {
  if (!map.scale.defined()) return at::matmul(at::matmul(map.left, v), map.right);
  const Tensor inside =
      at::matmul(at::matmul(map.left.transpose(-2, -1), v), map.right).mul_(map.scale);
  return at::matmul(at::matmul(map.left, inside), map.right.transpose(-2, -1));
}

double smallest(const Tensors& pieces) {
  double result = std::numeric_limits<double>::infinity();
  for (const Tensor& piece : pieces) result = std::min(result, piece.min().item<double>());
  return result;
}

}  // namespace

KroneckerOperator::KroneckerOperator(std::shared_ptr<const KroneckerLayout> layout,
                                     std::vector<KroneckerMap> maps, Tensor diagonal,
                                     double identity, double floor, std::string description)
    : layout_(std::move(layout)),
      maps_(std::move(maps)),
      diagonal_(std::move(diagonal)),
      identity_(identity),
      floor_(floor),
      description_(std::move(description)) {}

Tensor KroneckerOperator::apply(const Tensor& v) const {
  const Tensor rows = v.t().contiguous();  // [k, dim]
  const Tensor result = rows * (diagonal_ + identity_);
  for (std::size_t i = 0; i < maps_.size(); ++i) {
    const KroneckerBlock& block = layout_->blocks[i];
    const Tensor part = block.take(rows);
    Tensor mapped = map_through(maps_[i], part);
    if (identity_ != 0) mapped.add_(part, identity_);
    block.put(mapped, result);
  }
  return result.t();
}

KroneckerSpectrum spectrum_of_factors(const KroneckerFactors& factors) {
  KroneckerSpectrum spectrum;
  for (std::size_t i = 0; i < factors.a.size(); ++i) {
    const auto [a, inputs] = at::linalg_eigh(factors.a[i]);
    const auto [g, outputs] = at::linalg_eigh(factors.g[i]);
    spectrum.inputs.push_back(inputs);
    spectrum.outputs.push_back(outputs);
    spectrum.eigenvalues.push_back(g.clamp_min(0).unsqueeze(2) * a.clamp_min(0).unsqueeze(1));
  }
  return spectrum;
}

KroneckerCurvature::KroneckerCurvature(const KroneckerFactors& factors, double l2)
    : rest_(at::zeros({factors.layout.dim}, at::kDouble)),
      layout_(std::make_shared<const KroneckerLayout>(factors.layout)),
      diagonal_(factors.diagonal),
      l2_(l2) {
  rest_.fill_(1);
  for (const KroneckerBlock& block : layout_->blocks) {
    const auto& [groups, out, in, positions, bias] = block.shape;
    block.put(at::zeros({1, groups, out, in}, at::kDouble), rest_.unsqueeze(0));
  }
}

double KroneckerCurvature::damping_beside(const Tensor& eigenvalues, double damping) const {
  const double shift = l2_ + damping;
  const double low = eigenvalues.min().item<double>() + shift;
  const double high = eigenvalues.max().item<double>() + shift;
  const double rounding = std::numeric_limits<double>::epsilon();
  // Below this an eigenvalue is rounding of the largest one.
  if (!(low > 8 * rounding * high)) {
    throw Error(
        ErrorKind::kNumerics,
        fmt::format("{} plus damping {:.3g} is singular: its eigenvalues lie between {:.3g} "
                    "and {:.3g}. Use a larger damping.",
                    describe(), damping, low, high));
  }
  return shift;
}

Tensors KroneckerCurvature::powers(double power, double damping) const {
  Tensors result;
  for (const Tensor& eigenvalues : spectrum().eigenvalues) {
    result.push_back(eigenvalues.add(damping_beside(eigenvalues, damping)).pow_(power));
  }
  return result;
}

Tensor KroneckerCurvature::diagonal_powers(double power, double damping) const {
  if (layout_->diagonal_numbers.empty()) return diagonal_;
  const Tensor entries = diagonal_.masked_select(rest_ > 0);
  const Tensor shifted = entries.add(damping_beside(entries, damping)).pow_(power);
  return at::zeros_like(diagonal_).masked_scatter_(rest_ > 0, shifted);
}

std::string KroneckerCurvature::note_without_rules() const {
  if (layout_->without_rules.empty()) return "";
  return fmt::format(
      "parameters of layers without rules have a diagonal in place of a factored "
      "block: {}",
      listed(layout_->without_rules));
}

double KroneckerCurvature::trace() const {
  double sum = diagonal_.sum().item<double>() + l2_ * static_cast<double>(dim());
  for (const Tensor& eigenvalues : spectrum().eigenvalues) sum += eigenvalues.sum().item<double>();
  return sum;
}

OperatorPtr KroneckerCurvature::inverse(double damping) const {
  const KroneckerSpectrum& basis = spectrum();
  Tensors scales = powers(-1, damping);
  std::vector<KroneckerMap> maps;
  for (std::size_t i = 0; i < scales.size(); ++i) {
    maps.push_back({basis.outputs[i], basis.inputs[i], scales[i]});
  }
  const Tensor entries = diagonal_powers(-1, damping);
  Tensors all = scales;
  if (!layout_->diagonal_numbers.empty()) all.push_back(entries.masked_select(rest_ > 0));
  return std::make_shared<KroneckerOperator>(
      layout_, std::move(maps), entries, /*identity=*/0, smallest(all),
      fmt::format("inverse of ({} + {:.3g} I)", describe(), damping));
}

Tensor KroneckerCurvature::sample(double alpha, double power, double damping,
                                  Generator& generator) const {
  const KroneckerSpectrum& basis = spectrum();
  const Tensors scales = powers(power / 2, damping);
  const Tensor noise = generator.normal({1, dim()}, at::kDouble);
  const Tensor result = noise * diagonal_powers(power / 2, damping);
  for (std::size_t i = 0; i < scales.size(); ++i) {
    // Noise is as good in one orthogonal basis as in another: one rotation is enough.
    const KroneckerBlock& block = layout_->blocks[i];
    const Tensor inside = block.take(noise).mul(scales[i]);
    block.put(at::matmul(at::matmul(basis.outputs[i], inside), basis.inputs[i].transpose(-2, -1)),
              result);
  }
  return result.squeeze(0).mul_(std::sqrt(alpha));
}

}  // namespace oubli
