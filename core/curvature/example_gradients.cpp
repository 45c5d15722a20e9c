#include "core/curvature/example_gradients.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <map>
#include <utility>

#include "core/base/error.h"

namespace oubli {
namespace {

using Leaf = ParameterLinearisation;

// The leaves that use a parameter which another use shares.
struct Uses {
  std::vector<Leaf*> single;
  std::vector<Leaf*> tied;
};

Uses uses_of(LayerLinearisation& net, const ParameterChoice& wanted) {
  std::map<std::size_t, int> counts;
  std::vector<Leaf*> leaves;
  net.visit([&](Leaf& leaf) {
    if (wanted && std::none_of(leaf.parameters().begin(), leaf.parameters().end(), wanted)) return;
    leaves.push_back(&leaf);
    for (const std::size_t number : leaf.parameters()) ++counts[number];
  });
  Uses uses;
  for (Leaf* leaf : leaves) {
    const auto& numbers = leaf->parameters();
    const bool tied = std::any_of(numbers.begin(), numbers.end(),
                                  [&](std::size_t number) { return counts[number] > 1; });
    (tied ? uses.tied : uses.single).push_back(leaf);
  }
  return uses;
}

// Each example's gradient of every parameter of the leaves, its uses added up.
std::map<std::size_t, Tensor> summed_gradients(const std::vector<Leaf*>& leaves, std::size_t g,
                                               std::int64_t begin, std::int64_t count) {
  std::map<std::size_t, Tensor> sums;
  for (const Leaf* leaf : leaves) {
    const Tensors each = leaf->example_gradients(leaf->kept_gradients()[g], begin, count);
    for (std::size_t i = 0; i < each.size(); ++i) {
      add_defined(sums[leaf->parameters()[i]], each[i]);
    }
  }
  return sums;
}

// Adds `part` of each example's gradient of the leaves to the sums, a few examples at a time.
void add_by_example(const std::vector<Leaf*>& leaves, std::int64_t examples, Tensors& sums,
                    Tensor (*part)(const Tensor&)) {
  constexpr std::int64_t kChunk = 16;
  if (leaves.empty()) return;
  for (std::size_t g = 0; g < leaves.front()->kept_gradients().size(); ++g) {
    for (std::int64_t begin = 0; begin < examples; begin += kChunk) {
      const std::int64_t count = std::min(kChunk, examples - begin);
      for (const auto& [number, each] : summed_gradients(leaves, g, begin, count)) {
        sums[number].add_(part(each).sum(0));
      }
    }
  }
}

}  // namespace

void add_squared_gradients(LayerLinearisation& net, Tensors& sums, const ParameterChoice& wanted) {
  const Uses uses = uses_of(net, wanted);
  for (const Leaf* leaf : uses.single) leaf->add_squared_gradients(leaf->kept_gradients(), sums);
  add_by_example(uses.tied, net.output().size(0), sums,
                 [](const Tensor& each) { return each.square(); });
}

bool is_one_product(const ParameterLinearisation& leaf) {
  const KroneckerRules* rules = leaf.kronecker();
  if (rules == nullptr) return false;
  const KroneckerRules::Shape shape = rules->kronecker_shape();
  return shape.groups == 1 && shape.positions == 1;
}

void add_absolute_gradients(LayerLinearisation& net, Tensors& sums) {
  const std::int64_t examples = net.output().size(0);
  Uses uses = uses_of(net, nullptr);
  std::vector<Leaf*> others = std::move(uses.tied);
  for (Leaf* leaf : uses.single) {
    if (!is_one_product(*leaf)) {
      others.push_back(leaf);
      continue;
    }
    const KroneckerRules& rules = *leaf->kronecker();
    const Tensor inputs = rules.kronecker_inputs(0, examples).reshape({examples, -1}).abs();
    for (const Tensor& g : leaf->kept_gradients()) {
      const Tensor sizes = rules.kronecker_gradients(g, 0, examples).reshape({examples, -1}).abs();
      const Tensor layer = at::mm(sizes.t(), inputs);  // [out, in, the bias's column last]
      const Tensor weight = sums[leaf->parameters()[0]].view({layer.size(0), -1});
      weight.add_(layer.narrow(1, 0, weight.size(1)));
      if (leaf->parameters().size() > 1) sums[leaf->parameters()[1]].add_(layer.select(1, -1));
    }
  }
  add_by_example(others, examples, sums, [](const Tensor& each) { return each.abs(); });
}

std::int64_t examples_at_a_time(const Model& model, const Subset& subset, std::int64_t gradients) {
  if (subset.empty()) throw Error(ErrorKind::kUsage, "gradients of an empty set are not defined");
  const at::NoGradGuard no_grad;
  const Tensor one = subset.batch(0, 1, model.dtype()).inputs;
  // Bytes of the linearisation, and of it with one adjoint pass kept.
  const auto bytes_of = [&](const Tensor& inputs) {
    const auto net = model.linearise(inputs);
    const std::int64_t forward = net->kept_bytes(model.parameters());
    net->adjoint(at::zeros_like(net->output()), {.sums = nullptr, .input = false, .keep = true});
    return std::pair(forward, net->kept_bytes(model.parameters()) - forward);
  };
  // Weights that a layer lays out anew are there once, whatever the number of examples.
  const auto [forward, each] = bytes_of(one);
  const auto [forward_of_two, each_of_two] = bytes_of(at::cat({one, one}));
  const std::int64_t example = forward_of_two - forward + gradients * (each_of_two - each);
  const std::int64_t constant = std::max<std::int64_t>(0, 2 * forward - forward_of_two);
  std::int64_t examples = kEvaluationBatch;
  while (examples > 1 && constant + examples * example > kExampleMemory) examples /= 2;
  return examples;
}

Tensor example_gradients(const Model& model, LayerLinearisation& net, std::int64_t begin,
                         std::int64_t count) {
  std::vector<Leaf*> leaves;
  net.visit([&](Leaf& leaf) { leaves.push_back(&leaf); });
  std::map<std::size_t, Tensor> found;
  if (!leaves.empty()) {
    found = summed_gradients(leaves, leaves.front()->kept_gradients().size() - 1, begin, count);
  }
  Tensors flat;
  for (std::size_t i = 0; i < model.parameter_infos().size(); ++i) {
    const auto piece = found.find(i);
    flat.push_back(piece == found.end() ? at::zeros({count, model.parameter_infos()[i].size},
                                                    model.theta().options())
                                        : piece->second.reshape({count, -1}));
  }
  return at::cat(flat, 1);
}

void visit_example_gradients(const Model& model, const Subset& subset,
                             const OutputGradients& output_gradients, CostMeter& cost,
                             const std::function<void(const ExampleGradients&)>& visit,
                             std::int64_t most_at_once) {
  const at::NoGradGuard no_grad;
  const std::int64_t batch_size = std::min(most_at_once, examples_at_a_time(model, subset, 1));
  for (std::int64_t begin = 0; begin < subset.size(); begin += batch_size) {
    const Batch batch = subset.batch(begin, batch_size, model.dtype());
    const auto net = model.linearise(batch.inputs);
    net->adjoint(output_gradients(net->output(), batch.targets),
                 {.sums = nullptr, .input = false, .keep = true});
    visit({begin, batch, net->output(), example_gradients(model, *net, 0, batch.size())});
    cost.add_gradients(batch.size());
  }
}

void visit_example_gradients(const Model& model, const Subset& subset, const Objective& loss,
                             CostMeter& cost,
                             const std::function<void(const ExampleGradients&)>& visit) {
  visit_example_gradients(
      model, subset,
      [&](const Tensor& outputs, const Tensor& targets) {
        return loss.output_gradients(outputs, targets);
      },
      cost, visit);
}

}  // namespace oubli
