// The factors A and G from which Kfac and Ekfac are made (kfac.h), one pair for each weight.
//
// An example's gradient of a weight that is used at positions t is dW = sum_t g_t a_t', with a the
// layer's input, a constant 1 appended for the bias, and g the gradient in its output. The block of
// the Fisher matrix of this weight, E[vec(dW) vec(dW)'], is approximated by G (x) A with
//
//   kExpand   A = E[(1/T) sum_t a_t a_t'],   G = E[sum_t g_t g_t']    positions uncorrelated
//   kReduce   A = E[a a'], a = (1/T) sum_t a_t;   G = E[g g'], g = sum_t g_t
//
// The two agree for T = 1, where they are those of Martens and Grosse 2015 (arXiv 1503.05671).
// Sharing: Eschenhagen et al. 2023 (arXiv 2311.00636); kExpand of convolutions is KFC, Grosse and
// Martens 2016 (arXiv 1602.01407), which puts the 1/T into G: only the product has a meaning. With
// it as here kExpand is exact for one convolution or linear layer under the squared error of all
// its outputs, and kReduce where outputs are averaged over positions.
//
// Of sequences the positions behind the last one that is asked for count neither in the mean of an
// example's inputs nor in T: no gradient reaches them, and what a layer sees there says nothing of
// the curvature. With T the number of those that count, and the gradients of a loss that is a mean
// over what is asked, an example counts as much as another, as it does in the objective.
//
// A grouped convolution has one pair for each group. A weight that several layers use has one pair,
// its uses counting as further positions. Parameters that are not part of a product, of
// normalisations, embeddings and layers without rules, or that such a layer shares, have the
// diagonal of the same Fisher in place of a block.
//
// Sums over batches run in float64, weighted by samples. Errors: Error(kUsage) for an empty set,
// Error(kSettings) where no parameter has a block because layers have no rules, Error(kNumerics)
// for factors that are not finite. Cost for each example: 1/3 + 2/3
// sample-gradients for each output (kExpected), draw, or once (kEmpirical): a forward pass, adjoint
// passes without gradients of weights, and the factors, counted as one product for each.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/base/settings.h"
#include "core/curvature/fisher_diagonal.h"

namespace oubli {

enum class WeightSharing { kExpand, kReduce };

struct KroneckerOptions {
  // nullopt: kExpected up to kFewOutputs gradients for each example, kDrawn beyond. Where a model
  // is sure of its answers a few draws all but never leave them, and the curvature comes out as
  // nothing.
  std::optional<FisherTargets> targets = {};
  WeightSharing sharing = WeightSharing::kExpand;
  std::int64_t batch_size = 0;  // 0: what examples_at_a_time says (example_gradients.h)
  std::int64_t draws = 16;      // kDrawn
  std::uint64_t seed = 0;       // kDrawn: of the generator

  // Reads targets, draws and sharing.
  static KroneckerOptions read(const Settings& settings);
  // With targets in the place of nullopt, and a batch size.
  KroneckerOptions resolved(const Model& model, const Subset& subset,
                            const Objective& objective) const;
};
constexpr std::int64_t kFewOutputs = 16;
// Sharing and targets, in words.
std::string to_string(const KroneckerOptions& options);

// Where a weight with its bias lies in the flat vector, as [groups, out, in].
struct KroneckerBlock {
  std::string name;  // of the weight
  KroneckerRules::Shape shape;
  std::int64_t weight_offset = 0;
  std::int64_t bias_offset = 0;   // where shape.bias
  std::vector<std::size_t> uses;  // which leaves, in the order of the forward pass

  // From flat vectors [k, dim] to matrices [k, groups, out, in], and back.
  Tensor take(const Tensor& rows) const;
  void put(const Tensor& matrices, const Tensor& rows) const;
};

struct KroneckerLayout {
  std::int64_t dim = 0;
  std::vector<KroneckerBlock> blocks;
  std::vector<std::size_t> diagonal_numbers;     // parameters that have no block
  std::vector<std::string> diagonal_parameters;  // their names
  std::vector<std::string> without_rules;        // those of them that are differentiated singly
};

struct KroneckerFactors {
  KroneckerLayout layout;
  Tensors a;        // for each block, float64 [groups, in, in]
  Tensors g;        // [groups, out, out]
  Tensor diagonal;  // float64 [dim], 0 where there is a block
};

KroneckerFactors kronecker_factors(const Model& model, const Subset& subset,
                                   const Objective& objective, CostMeter& cost,
                                   const KroneckerOptions& options = {});

using KroneckerLeaves = std::vector<const ParameterLinearisation*>;

// One micro-batch after an adjoint pass for each gradient in the outputs.
struct KroneckerBatch {
  LayerLinearisation& net;
  KroneckerLeaves leaves;
  Tensor weights;  // [b], or undefined
  Tensor reached;  // of sequences, [b, t] (input_moments.h); undefined where all positions are
  std::int64_t examples = 0;
  std::size_t gradients = 0;  // that each leaf keeps; sample weights are part of them
};
// Calls `visit` for each micro-batch of the set, and counts 1 + products * gradients.
void visit_kronecker_batches(const Model& model, const Subset& subset, const Objective& objective,
                             CostMeter& cost, const KroneckerOptions& options, double products,
                             const std::function<void(const KroneckerBatch&)>& visit);

}  // namespace oubli
