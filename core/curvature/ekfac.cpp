#include "core/curvature/ekfac.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>

namespace oubli {
namespace {

constexpr std::int64_t kRotatedEntries = 1 << 20;  // of what is formed at a time

// The bases of one block in the model's type.
struct Basis {
  Tensor inputs, outputs;
};

// One position: the square of an outer product is the outer product of squares.
Tensor squares_of_products(const KroneckerBatch& batch, const KroneckerBlock& block,
                           const Basis& basis) {
  const ParameterLinearisation& leaf = *batch.leaves[block.uses[0]];
  const KroneckerRules& rules = *leaf.kronecker();
  const auto rotated = [](const Tensor& x, const Tensor& q) {  // [b, groups, 1, n]
    return at::bmm(x.select(2, 0).transpose(0, 1), q);         // [groups, b, n]
  };
  Tensor squares;
  for (const Tensor& kept : leaf.kept_gradients()) {
    const Tensor g = rotated(rules.kronecker_gradients(kept, 0, batch.examples), basis.outputs);
    squares = squares.defined() ? squares.addcmul_(g, g) : g.square();
  }
  const Tensor a = rotated(rules.kronecker_inputs(0, batch.examples), basis.inputs);
  return at::bmm(squares.transpose(1, 2), a.square());
}

// The gradient of each example [count, groups, out, in] in the basis, its uses summed: from
// rotated inputs and gradients where there are few positions, and from gradients else.
class RotatedGradients {
 public:
  RotatedGradients(const KroneckerBatch& batch, const KroneckerBlock& block, const Basis& basis)
      : batch_(batch), block_(block), basis_(basis) {
    const auto& [groups, out, in, positions, bias] = block.shape;
    by_positions_ = positions * (in * in + out * out) < out * in * (in + out);
    chunk_ = std::max<std::int64_t>(
        1, kRotatedEntries / (groups * std::max(out * in, positions * std::max(in, out))));
  }

  Tensor squares() const {
    Tensor sum;
    for (std::int64_t begin = 0; begin < batch_.examples; begin += chunk_) {
      const std::int64_t count = std::min(chunk_, batch_.examples - begin);
      for (std::size_t k = 0; k < batch_.gradients; ++k) {
        Tensor each;
        for (const std::size_t use : block_.uses) {
          add_defined(each, by_positions_ ? from_positions(*batch_.leaves[use], k, begin, count)
                                          : gradients(*batch_.leaves[use], k, begin, count));
        }
        if (!by_positions_) {
          each = at::matmul(basis_.outputs.transpose(-2, -1), at::matmul(each, basis_.inputs));
        }
        add_defined(sum, each.square().sum(0));
      }
    }
    return sum;
  }

 private:
  Tensor from_positions(const ParameterLinearisation& leaf, std::size_t k, std::int64_t begin,
                        std::int64_t count) const {
    const KroneckerRules& rules = *leaf.kronecker();
    const Tensor g = rules.kronecker_gradients(leaf.kept_gradients()[k], begin, count);
    return at::matmul(at::matmul(g, basis_.outputs).transpose(-2, -1),
                      at::matmul(rules.kronecker_inputs(begin, count), basis_.inputs));
  }

  Tensor gradients(const ParameterLinearisation& leaf, std::size_t k, std::int64_t begin,
                   std::int64_t count) const {
    const auto& [groups, out, in, positions, bias] = block_.shape;
    const Tensors each = leaf.example_gradients(leaf.kept_gradients()[k], begin, count);
    const Tensor weight = each[0].reshape({count, groups, out, in - (bias ? 1 : 0)});
    return bias ? at::cat({weight, each[1].reshape({count, groups, out, 1})}, 3) : weight;
  }

  const KroneckerBatch& batch_;
  const KroneckerBlock& block_;
  const Basis& basis_;
  bool by_positions_ = false;
  std::int64_t chunk_ = 1;
};

}  // namespace

Ekfac::Ekfac(const Model& model, const Subset& subset, const Objective& objective, CostMeter& cost,
             const KroneckerOptions& options)
    : Ekfac(kronecker_factors(model, subset, objective, cost, options), model, subset, objective,
            cost, options) {}

Ekfac::Ekfac(const KroneckerFactors& factors, const Model& model, const Subset& subset,
             const Objective& objective, CostMeter& cost, const KroneckerOptions& options)
    : KroneckerCurvature(factors, objective.l2), spectrum_(spectrum_of_factors(factors)) {
  std::vector<Basis> bases;
  for (std::size_t i = 0; i < spectrum_.inputs.size(); ++i) {
    bases.push_back(
        {spectrum_.inputs[i].to(model.dtype()), spectrum_.outputs[i].to(model.dtype())});
    spectrum_.eigenvalues[i].zero_();
  }
  visit_kronecker_batches(
      model, subset, objective, cost, options, 4, [&](const KroneckerBatch& batch) {
        for (std::size_t i = 0; i < bases.size(); ++i) {
          const KroneckerBlock& block = layout()->blocks[i];
          spectrum_.eigenvalues[i].add_(block.shape.positions == 1
                                            ? squares_of_products(batch, block, bases[i])
                                            : RotatedGradients(batch, block, bases[i]).squares());
        }
      });
  std::vector<KroneckerMap> maps;
  for (std::size_t i = 0; i < bases.size(); ++i) {
    spectrum_.eigenvalues[i].div_(subset.total_weight());
    maps.push_back({spectrum_.outputs[i], spectrum_.inputs[i], spectrum_.eigenvalues[i]});
  }
  product_ = std::make_shared<KroneckerOperator>(
      layout(), std::move(maps), diagonal(), l2(), l2(),
      fmt::format("EK-FAC matrix, {}, l2 {:.3g} included",
                  to_string(options.resolved(model, subset, objective)), l2()));
}

}  // namespace oubli
