#include "core/curvature/kronecker_factors.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "core/base/error.h"
#include "core/curvature/example_gradients.h"
#include "core/curvature/input_moments.h"
#include "core/nn/second_moments.h"

namespace oubli {
namespace {

// A weight has a block where all leaves that touch it or its bias use both in the same way.
KroneckerLayout layout_of(const Model& model, const KroneckerLeaves& leaves) {
  const std::vector<ParameterInfo>& infos = model.parameter_infos();
  std::map<std::size_t, std::vector<std::size_t>> uses;  // leaves, for each parameter
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    for (const std::size_t number : leaves[i]->parameters()) uses[number].push_back(i);
  }
  const auto agree = [&](std::size_t i, std::size_t j) {
    return leaves[j]->kronecker() != nullptr && leaves[i]->parameters() == leaves[j]->parameters();
  };
  KroneckerLayout layout;
  layout.dim = model.dim();
  std::vector<bool> covered(infos.size());
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    const std::vector<std::size_t>& numbers = leaves[i]->parameters();
    if (leaves[i]->kronecker() == nullptr || covered[numbers[0]]) continue;
    const bool has_block = std::all_of(numbers.begin(), numbers.end(), [&](std::size_t number) {
      return std::all_of(uses[number].begin(), uses[number].end(),
                         [&](std::size_t j) { return agree(i, j); });
    });
    if (!has_block) continue;
    KroneckerBlock block{.name = infos[numbers[0]].name,
                         .shape = leaves[i]->kronecker()->kronecker_shape(),
                         .weight_offset = infos[numbers[0]].offset,
                         .bias_offset = numbers.size() > 1 ? infos[numbers[1]].offset : 0,
                         .uses = uses[numbers[0]]};
    block.shape.positions = 0;
    for (const std::size_t use : block.uses) {
      block.shape.positions += leaves[use]->kronecker()->kronecker_shape().positions;
    }
    layout.blocks.push_back(std::move(block));
    for (const std::size_t number : numbers) covered[number] = true;
  }
  for (std::size_t number = 0; number < infos.size(); ++number) {
    if (covered[number]) continue;
    layout.diagonal_numbers.push_back(number);
    layout.diagonal_parameters.push_back(infos[number].name);
    const auto found = uses.find(number);
    if (found == uses.end()) continue;
    if (std::any_of(found->second.begin(), found->second.end(),
                    [&](std::size_t i) { return !leaves[i]->has_rule(); })) {
      layout.without_rules.push_back(infos[number].name);
    }
  }
  return layout;
}

// A matrix that is a diagonal throughout is not what was asked for.
void require_blocks(const KroneckerLayout& layout) {
  if (!layout.blocks.empty() || layout.without_rules.empty()) return;
  throw Error(ErrorKind::kSettings,
              "Kronecker factors (kfac, ekfac) need layers that say what their weights multiply, "
              "and none of this network's do: they are differentiated automatically, and the "
              "matrix would be a diagonal. Use another curvature (ggn, hessian), preconditioner "
              "(jacobi) or structure (diagonal), or write the network down layer by layer "
              "(`oubli describe network`).");
}

// rows' rows for each group: [b, groups, positions, n] -> [groups, n, n].
Tensor moment(const Tensor& x) {
  const Tensor rows = x.transpose(0, 1).flatten(1, 2);
  return at::bmm(rows.transpose(1, 2), rows);
}

class Accumulator {
 public:
  Accumulator(KroneckerFactors& factors, const KroneckerOptions& options)
      : factors_(factors), options_(options) {}

  void add(const KroneckerBatch& batch, const Model& model) {
    if (!sum_.defined()) start(batch, model);
    for (std::size_t i = 0; i < factors_.layout.blocks.size(); ++i) {
      const KroneckerBlock& block = factors_.layout.blocks[i];
      if (options_.sharing == WeightSharing::kExpand || block.shape.positions == 1) {
        add_expanded(batch, block, recent_[i], factors_.g[i]);
      } else {
        add_reduced(batch, block, factors_.a[i], factors_.g[i]);
      }
    }
    if (++since_flush_ == kFlush) flush();
    if (factors_.layout.diagonal_numbers.empty()) return;
    sum_.zero_();
    Tensors sums = model.split(sum_);
    add_squared_gradients(batch.net, sums, [&](std::size_t number) {
      const std::vector<std::size_t>& numbers = factors_.layout.diagonal_numbers;
      return std::find(numbers.begin(), numbers.end(), number) != numbers.end();
    });
    factors_.diagonal.add_(sum_);
  }

  // The sums over inputs of the last batches go to the float64 ones.
  void flush() {
    for (std::size_t i = 0; i < recent_.size(); ++i) {
      factors_.a[i].add_(recent_[i]);
      recent_[i].zero_();
    }
    since_flush_ = 0;
  }

 private:
  // Batches whose sums over inputs are added up in the model's type, within the products: float64
  // sums of large factors would take as long as some products.
  static constexpr int kFlush = 8;

  void start(const KroneckerBatch& batch, const Model& model) {
    factors_.layout = layout_of(model, batch.leaves);
    require_blocks(factors_.layout);
    factors_.diagonal = at::zeros({model.dim()}, at::kDouble);
    sum_ = at::empty({model.dim()}, model.theta().options());
    for (const KroneckerBlock& block : factors_.layout.blocks) {
      const auto& [groups, out, in, positions, bias] = block.shape;
      factors_.a.push_back(at::zeros({groups, in, in}, at::kDouble));
      recent_.push_back(at::zeros({groups, in, in}, model.theta().options()));
      factors_.g.push_back(at::zeros({groups, out, out}, at::kDouble));
    }
  }

  // 1 / (the share of the positions of all uses that count) of each example [b]; undefined where
  // all of them do.
  static Tensor scale_of_means(const KroneckerBatch& batch, const KroneckerBlock& block) {
    if (!batch.reached.defined()) return {};
    Tensor count = at::zeros({batch.examples}, batch.reached.options());
    for (const std::size_t use : block.uses) {
      const std::int64_t positions = batch.leaves[use]->kronecker()->kronecker_shape().positions;
      if (positions == batch.reached.size(1)) {
        count.add_(batch.reached.sum(1));
      } else {
        count.add_(positions);
      }
    }
    return count.reciprocal_().mul_(static_cast<double>(block.shape.positions));
  }

  static void add_expanded(const KroneckerBatch& batch, const KroneckerBlock& block, Tensor& a,
                           Tensor& g) {
    const Tensor scale = scale_of_means(batch, block);
    const Tensor weights = !scale.defined()          ? batch.weights
                           : batch.weights.defined() ? batch.weights * scale
                                                     : scale;
    for (const std::size_t use : block.uses) {
      const ParameterLinearisation& leaf = *batch.leaves[use];
      const KroneckerRules& rules = *leaf.kronecker();
      rules.add_input_moments(weights_of_positions(weights, batch.reached, rules), a);
      for (const Tensor& kept : leaf.kept_gradients()) {
        g.add_(moment(leaf.kronecker()->kronecker_gradients(kept, 0, batch.examples)));
      }
    }
  }

  // Sums over positions first, a few examples at a time: inputs are unfolded for it.
  static void add_reduced(const KroneckerBatch& batch, const KroneckerBlock& block, Tensor& a,
                          Tensor& g) {
    constexpr std::int64_t kEntries = 1 << 20;
    const auto& [groups, out, in, positions, bias] = block.shape;
    const std::int64_t chunk = std::max<std::int64_t>(1, kEntries / (groups * positions * in));
    const Tensor scale = scale_of_means(batch, block);
    for (std::int64_t begin = 0; begin < batch.examples; begin += chunk) {
      const std::int64_t count = std::min(chunk, batch.examples - begin);
      Tensor inputs;
      for (const std::size_t use : block.uses) {
        const KroneckerRules& rules = *batch.leaves[use]->kronecker();
        Tensor each = rules.kronecker_inputs(begin, count);
        const Tensor counted = weights_of_positions({}, batch.reached, rules);
        if (counted.defined()) {
          each = each * counted.narrow(0, begin, count).view({count, 1, -1, 1});
        }
        add_defined(inputs, each.sum(2, /*keepdim=*/true));
      }
      if (scale.defined()) inputs = inputs * scale.narrow(0, begin, count).view({-1, 1, 1, 1});
      if (batch.weights.defined()) {
        inputs = inputs * batch.weights.narrow(0, begin, count).sqrt().view({-1, 1, 1, 1});
      }
      a.add_(moment(inputs), 1.0 / static_cast<double>(positions));  // the other 1/T with kExpand's
    }
    for (std::size_t k = 0; k < batch.gradients; ++k) {
      Tensor gradients;
      for (const std::size_t use : block.uses) {
        const ParameterLinearisation& leaf = *batch.leaves[use];
        const Tensor& kept = leaf.kept_gradients()[k];
        add_defined(gradients, leaf.kronecker()
                                   ->kronecker_gradients(kept, 0, batch.examples)
                                   .sum(2, /*keepdim=*/true));
      }
      g.add_(moment(gradients));
    }
  }

  KroneckerFactors& factors_;
  const KroneckerOptions& options_;
  Tensor sum_;
  Tensors recent_;
  int since_flush_ = 0;
};

}  // namespace

std::string to_string(const KroneckerOptions& options) {
  const std::string sharing =
      options.sharing == WeightSharing::kExpand ? "positions expanded" : "positions reduced";
  if (options.targets == FisherTargets::kExpected) return sharing + ", exact over the targets";
  if (options.targets == FisherTargets::kEmpirical) return sharing + ", the data's own targets";
  return fmt::format("{}, {} drawn target{} for each example", sharing, options.draws,
                     options.draws == 1 ? "" : "s");
}

KroneckerOptions KroneckerOptions::read(const Settings& settings) {
  KroneckerOptions options;
  const std::string targets = settings.choice(
      "targets", {.default_value = "auto",
                  .valid = {"auto", "expected", "drawn", "empirical"},
                  .doc = "of kfac and ekfac, whose labels: the model's, exact or drawn, or the "
                         "data's; auto: exact up to 16 outputs, drawn beyond"});
  if (targets == "expected") options.targets = FisherTargets::kExpected;
  if (targets == "drawn") options.targets = FisherTargets::kDrawn;
  if (targets == "empirical") options.targets = FisherTargets::kEmpirical;
  options.draws = settings.integer(
      "draws",
      {.default_value = options.draws, .at_least = 1, .doc = "for each example, where drawn"});
  options.sharing = settings.choice("sharing", {.default_value = "expand",
                                                .valid = {"expand", "reduce"},
                                                .doc = "positions of a convolution one by one, or "
                                                       "summed"}) == "expand"
                        ? WeightSharing::kExpand
                        : WeightSharing::kReduce;
  return options;
}

KroneckerOptions KroneckerOptions::resolved(const Model& model, const Subset& subset,
                                            const Objective& objective) const {
  KroneckerOptions options = *this;
  const auto gradients = [&](FisherTargets asked) {
    return fisher_gradients(asked, objective, *subset.dataset, draws);
  };
  if (!targets) {
    const bool few = gradients(FisherTargets::kExpected) <= kFewOutputs;
    options.targets = few ? FisherTargets::kExpected : FisherTargets::kDrawn;
  }
  if (batch_size == 0) {
    options.batch_size = examples_at_a_time(model, subset, gradients(*options.targets));
  }
  return options;
}

Tensor KroneckerBlock::take(const Tensor& rows) const {
  const std::int64_t in = shape.in - (shape.bias ? 1 : 0);
  const std::int64_t k = rows.size(0);
  Tensor weight = rows.narrow(1, weight_offset, shape.groups * shape.out * in)
                      .view({k, shape.groups, shape.out, in});
  if (!shape.bias) return weight;
  const Tensor column =
      rows.narrow(1, bias_offset, shape.groups * shape.out).view({k, shape.groups, shape.out, 1});
  return at::cat({weight, column}, 3);
}

void KroneckerBlock::put(const Tensor& matrices, const Tensor& rows) const {
  const std::int64_t in = shape.in - (shape.bias ? 1 : 0);
  const std::int64_t k = rows.size(0);
  rows.narrow(1, weight_offset, shape.groups * shape.out * in)
      .view({k, shape.groups, shape.out, in})
      .copy_(matrices.narrow(3, 0, in));
  if (!shape.bias) return;
  rows.narrow(1, bias_offset, shape.groups * shape.out)
      .view({k, shape.groups, shape.out})
      .copy_(matrices.select(3, in));
}

void visit_kronecker_batches(const Model& model, const Subset& subset, const Objective& objective,
                             CostMeter& cost, const KroneckerOptions& asked, double products,
                             const std::function<void(const KroneckerBatch&)>& visit) {
  if (subset.empty())
    throw Error(ErrorKind::kUsage, "the curvature of an empty set is not defined");
  const KroneckerOptions options = asked.resolved(model, subset, objective);
  for (std::int64_t begin = 0; begin < subset.size(); begin += options.batch_size) {
    const Batch batch = subset.batch(begin, options.batch_size, model.dtype());
    const auto net = model.linearise(batch.inputs);
    const at::NoGradGuard no_grad;
    const Tensors gradients =
        fisher_output_gradients(*options.targets, objective, net->output(), batch, begin,
                                options.draws, Generator(options.seed));
    for (const Tensor& g : gradients) {
      net->adjoint(g, {.sums = nullptr, .input = false, .keep = true});
    }
    KroneckerBatch current{.net = *net,
                           .leaves = {},
                           .weights = batch.weights,
                           .reached = reached_positions(*subset.dataset, batch),
                           .examples = batch.inputs.size(0),
                           .gradients = gradients.size()};
    net->visit([&](ParameterLinearisation& leaf) { current.leaves.push_back(&leaf); });
    visit(current);
    cost.add_products(1 + products * static_cast<double>(gradients.size()), current.examples);
  }
}

KroneckerFactors kronecker_factors(const Model& model, const Subset& subset,
                                   const Objective& objective, CostMeter& cost,
                                   const KroneckerOptions& options) {
  KroneckerFactors factors;
  Accumulator accumulator(factors, options);
  visit_kronecker_batches(model, subset, objective, cost, options, 2,
                          [&](const KroneckerBatch& batch) { accumulator.add(batch, model); });
  accumulator.flush();
  const double total = subset.total_weight();
  bool finite = at::isfinite(factors.diagonal.div_(total)).all().item<bool>();
  for (std::size_t i = 0; i < factors.a.size(); ++i) {
    const double positions = static_cast<double>(factors.layout.blocks[i].shape.positions);
    factors.a[i] = from_lower(factors.a[i].div_(total * positions));
    factors.g[i].div_(total);
    finite = finite && std::isfinite(factors.a[i].sum().item<double>()) &&
             std::isfinite(factors.g[i].sum().item<double>());
  }
  if (!finite) {
    throw Error(ErrorKind::kNumerics,
                "a Kronecker factor is not finite: the model's outputs or parameters overflow, and "
                "there is no curvature. Look at how the model was trained.");
  }
  return factors;
}

}  // namespace oubli
