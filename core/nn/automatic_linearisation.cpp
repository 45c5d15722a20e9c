#include "core/nn/automatic_linearisation.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <torch/csrc/autograd/autograd.h>

#include <string>
#include <string_view>
#include <utility>

#include "core/base/error.h"

namespace oubli {

namespace {

// What LibTorch says of an operation that it cannot differentiate: its name, or "".
std::string without_derivative(const std::string& text) {
  constexpr std::string_view kBefore = "derivative for ", kAfter = " is not implemented";
  const std::size_t found = text.find(kBefore), end = text.find(kAfter);
  if (found == std::string::npos || end == std::string::npos || end < found) return "";
  const std::size_t begin = found + kBefore.size();
  const std::string name = text.substr(begin, end - begin);
  constexpr std::string_view kLibrary = "aten::";
  return name.starts_with(kLibrary) ? name.substr(kLibrary.size()) : name;
}

// Autograd's derivatives, undefined where there are none.
Tensors grad(const Tensors& outputs, const Tensors& inputs, const Tensors& along, bool retain_graph,
             bool create_graph) {
  try {
    return torch::autograd::grad(outputs, inputs, along, retain_graph, create_graph,
                                 /*allow_unused=*/true);
  } catch (const std::exception& thrown) {
    const std::string operation = without_derivative(thrown.what());
    if (operation.empty()) throw;
    throw Error(ErrorKind::kNumerics,
                fmt::format("the operation {}, in a layer without rules, has no further derivative "
                            "in PyTorch, and curvature products need one. Write the layer in "
                            "plain operations (products, sums, powers, softmax), or use a method "
                            "of first order, such as finetune, neggrad_plus or scrub.",
                            operation));
  }
}

}  // namespace

AutomaticLinearisation::AutomaticLinearisation(const Layer& layer, const Tensor& input,
                                               ForwardPass& pass)
    : layer_(layer), parameters_(pass.parameters), buffers_(pass.buffers) {
  if (pass.mode == PassMode::kTraining) {
    throw Error(ErrorKind::kNumerics,
                "a layer without rules of its own cannot be linearised in training mode, where it "
                "may mix examples or draw random numbers. Use evaluation mode.");
  }
  const at::AutoGradMode with_grad(true);
  floating_ = at::isFloatingType(input.scalar_type());
  input_ = input.detach();
  if (floating_) input_.requires_grad_();
  graph_output_ = layer.forward(input_, pass);
  output_ = graph_output_.detach();
  if (!graph_output_.requires_grad()) return;
  // The parameters that this layer uses are those that its output depends on.
  const Tensors all = grad({graph_output_.sum()}, parameters_, {}, /*retain_graph=*/true,
                           /*create_graph=*/false);
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all[i].defined()) numbers_.push_back(i);
  }
}

void AutomaticLinearisation::visit(const Visitor& visit) {
  if (!numbers_.empty()) visit(*this);
}

Tensors AutomaticLinearisation::sources() const {
  Tensors sources;
  if (floating_) sources.push_back(input_);
  for (const std::size_t number : numbers_) sources.push_back(parameters_[number]);
  return sources;
}

Tensors AutomaticLinearisation::differentiate(const Tensor& output, const Tensor& g,
                                              bool create_graph) const {
  const Tensors from = sources();
  if (from.empty() || !output.requires_grad()) return {};
  Tensors found = grad({output}, from, {g}, /*retain_graph=*/true, create_graph);
  if (!floating_) found.insert(found.begin(), Tensor());
  return found;
}

Tensor AutomaticLinearisation::tangent(const Tensor& dx, const Tensors& v, bool keep) {
  if (keep) dx_ = dx;
  const at::AutoGradMode with_grad(true);
  const Tensor w = at::zeros_like(output_).requires_grad_();
  const Tensors adjoints = differentiate(graph_output_, w, /*create_graph=*/true);
  Tensors outputs, directions;
  for (std::size_t i = 0; i < adjoints.size(); ++i) {
    const Tensor& direction = i == 0 ? dx : v[numbers_[i - 1]];
    if (!adjoints[i].defined() || !adjoints[i].requires_grad() || !direction.defined()) continue;
    outputs.push_back(adjoints[i]);
    directions.push_back(direction);
  }
  if (outputs.empty()) return {};
  return grad(outputs, {w}, directions, false, false)[0];
}

Tensor AutomaticLinearisation::adjoint(const Tensor& g, const Adjoint& request) {
  if (!g.defined()) return {};
  remember(g, request);
  const Tensors found = differentiate(graph_output_, g, /*create_graph=*/false);
  for (std::size_t i = 0; request.sums != nullptr && i < numbers_.size(); ++i) {
    if (found[i + 1].defined()) (*request.sums)[numbers_[i]].add_(found[i + 1]);
  }
  return found.empty() || !request.input ? Tensor() : found[0];
}

Tensor AutomaticLinearisation::adjoint_tangent(const Tensor& dg, const Tensors& v, Tensors& sums,
                                               bool input) {
  const Tensor dx = std::exchange(dx_, Tensor());
  if (kept_.empty()) return {};  // in front of the first parameter no gradient arrives
  const at::AutoGradMode with_grad(true);
  const Tensor g = kept_.back().detach().requires_grad_();
  const Tensors adjoints = differentiate(graph_output_, g, /*create_graph=*/true);
  // d/dt adj(x + t dx, theta + t v, g + t dg) is the transpose of the Hessian of g'f, which is
  // symmetric: the gradient of <adjoints, directions>, plus the adjoint of dg.
  Tensors outputs, directions;
  for (std::size_t i = 0; i < adjoints.size(); ++i) {
    const Tensor& direction = i == 0 ? dx : v[numbers_[i - 1]];
    if (!adjoints[i].defined() || !adjoints[i].requires_grad() || !direction.defined()) continue;
    outputs.push_back(adjoints[i]);
    directions.push_back(direction);
  }
  Tensors second(numbers_.size() + 1);
  if (!outputs.empty()) {
    Tensors found = grad(outputs, sources(), directions, /*retain_graph=*/true, false);
    if (!floating_) found.insert(found.begin(), Tensor());
    second = found;
  }
  Tensors first(numbers_.size() + 1);
  if (dg.defined()) first = differentiate(graph_output_, dg, /*create_graph=*/false);
  if (first.empty()) first.resize(numbers_.size() + 1);
  for (std::size_t i = 0; i < numbers_.size(); ++i) {
    if (first[i + 1].defined()) sums[numbers_[i]].add_(first[i + 1]);
    if (second[i + 1].defined()) sums[numbers_[i]].add_(second[i + 1]);
  }
  if (!input) return {};
  add_defined(first[0], second[0]);
  return first[0];
}

Tensors AutomaticLinearisation::example_gradients(const Tensor& g, std::int64_t begin,
                                                  std::int64_t count) const {
  std::vector<Tensors> rows(numbers_.size());
  Tensors own;
  for (const std::size_t number : numbers_) own.push_back(parameters_[number]);
  for (std::int64_t b = begin; b < begin + count; ++b) {
    const at::AutoGradMode with_grad(true);
    ForwardPass pass_of_one = pass();
    const Tensor output = layer_.forward(input_.detach().narrow(0, b, 1), pass_of_one);
    const Tensors found = grad({output}, own, {g.narrow(0, b, 1)}, false, false);
    for (std::size_t i = 0; i < own.size(); ++i) {
      rows[i].push_back(found[i].defined() ? found[i] : at::zeros_like(own[i]).detach());
    }
  }
  Tensors stacked;
  for (const Tensors& parameter : rows) stacked.push_back(at::stack(parameter));
  return stacked;
}

void AutomaticLinearisation::list_kept(Tensors& kept) const {
  kept.push_back(input_);
  kept.push_back(output_);
  kept.insert(kept.end(), kept_.begin(), kept_.end());
}

}  // namespace oubli
