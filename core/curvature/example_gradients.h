// Gradients of single examples, and their squares, from one pass over a batch.
//
// By the rules of the layers (linearisation.h): the gradients of all parameters are made from the
// inputs and the output gradients that an adjoint pass remembered, without one backward pass for
// each example. A parameter that several layers use (tied weights) adds up its uses before anything
// is squared. Layers without rules are differentiated one example at a time.
#pragma once

#include <functional>

#include "core/base/context.h"
#include "core/data/dataset.h"
#include "core/nn/model.h"
#include "core/train/objective.h"

namespace oubli {

// `net` has been through adjoint(keep) once for each gradient g [b, c] in its outputs. Adds
// sum_g sum_b (J_b' g_b)_i^2 to `sums`, shaped as the parameters: for those whose number is
// `wanted`, or all.
using ParameterChoice = std::function<bool(std::size_t number)>;
void add_squared_gradients(LayerLinearisation& net, Tensors& sums,
                           const ParameterChoice& wanted = nullptr);

// The same with absolute values in place of squares.
void add_absolute_gradients(LayerLinearisation& net, Tensors& sums);

// Whether an example's gradient is one product g a', so that sums over examples of its squares, of
// its sizes or of products of two are products of matrices: a weight that is used once for each
// example, in no groups.
bool is_one_product(const ParameterLinearisation& leaf);

// How many examples at a time keep a linearisation, and what `gradients` adjoint passes leave in
// it, within kExampleMemory: a power of two, kEvaluationBatch at most, and at least 1. It depends
// on the model and the shape of its inputs alone, so results do not depend on the machine.
constexpr std::int64_t kExampleMemory = std::int64_t{1} << 28;
std::int64_t examples_at_a_time(const Model& model, const Subset& subset, std::int64_t gradients);

// J_b' g_b for examples begin .. begin + count of the last g: [count, dim], in the model's type.
Tensor example_gradients(const Model& model, LayerLinearisation& net, std::int64_t begin,
                         std::int64_t count);

// All examples of a set, some at a time, in evaluation mode: `outputs` and their `gradients` [b,
// dim] in the model's type, `begin` the first one's place. What is differentiated is said by its
// gradient in the outputs. Counts one sample-gradient for each example.
struct ExampleGradients {
  std::int64_t begin;
  const Batch& batch;
  const Tensor& outputs;
  Tensor gradients;
};
using OutputGradients = std::function<Tensor(const Tensor& outputs, const Tensor& targets)>;
void visit_example_gradients(const Model& model, const Subset& subset,
                             const OutputGradients& output_gradients, CostMeter& cost,
                             const std::function<void(const ExampleGradients&)>& visit,
                             std::int64_t most_at_once = kEvaluationBatch);
// Of each example's own loss.
void visit_example_gradients(const Model& model, const Subset& subset, const Objective& loss,
                             CostMeter& cost,
                             const std::function<void(const ExampleGradients&)>& visit);

}  // namespace oubli
