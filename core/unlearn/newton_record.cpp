#include "core/unlearn/newton_record.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "core/unlearn/linear_hessian.h"

namespace oubli {
namespace {

constexpr std::int64_t kLargestInverse = 16 << 20;

// The members by their names in a state.
template <class Record, class Visit>
void for_each_value(Record& record, const Visit& visit) {
  visit("examples", record.examples);
  visit("largest_singular", record.largest_singular);
  visit("longest", record.longest);
  visit("squared_lengths", record.squared_lengths);
  visit("fourth_powers", record.fourth_powers);
  visit("inverse_error", record.inverse_error);
  visit("gram_error", record.gram_error);
}

template <class Record, class Visit>
void for_each_tensor(Record& record, const Visit& visit) {
  visit("trained_weights", record.weights);
  visit("inverse_mean_hessian", record.inverse_mean);
  visit("gram", record.gram);
}

// max over outputs of |I - H B / n|.
double error_of_inverse(const Tensor& hessians, const Tensor& inverse_mean, double n) {
  Tensor errors = at::bmm(hessians, inverse_mean).div_(-n);
  errors.diagonal(0, 1, 2).add_(1);
  return errors.flatten(1).norm(2, 1).max().item<double>();
}

}  // namespace

NewtonRecord NewtonRecord::of(const Model& model, const Subset& trained,
                              const Objective& objective) {
  const LinearWeights weights = *LinearWeights::of(model);
  const Tensor x = weights.inputs(trained.batch(0, trained.size(), at::kDouble).inputs);
  const Tensor squares = x.square().sum(1);
  const Tensor gram = x.t().matmul(x);
  NewtonRecord record;
  record.examples = static_cast<double>(trained.size());
  record.largest_singular = at::linalg_eigvalsh(gram).max().clamp_min(0).sqrt().item<double>();
  record.longest = squares.max().sqrt().item<double>();
  record.squared_lengths = squares.sum().item<double>();
  record.fourth_powers = squares.square().sum().item<double>();
  const Tensor w = weights.matrix(model.theta());
  if (8 * w.size(1) * w.size(0) * w.size(0) > kLargestInverse) return record;
  const Tensor hessians = LinearHessian(weights, w, trained, objective).blocks();
  record.weights = w;
  record.inverse_mean = inverse_of_blocks(hessians).mul_(record.examples);
  record.inverse_error = error_of_inverse(hessians, record.inverse_mean, record.examples);
  record.gram = gram.to(at::kFloat);
  // Of a sum of d products each is rounded d times at most.
  constexpr double kHalfUlp = 0x1p-24;
  record.gram_error = (gram - record.gram).norm().item<double>() +
                      static_cast<double>(gram.size(0) + 2) * kHalfUlp * gram.norm().item<double>();
  return record;
}

NewtonRecord NewtonRecord::read(const MethodState& state) {
  NewtonRecord record;
  for_each_value(record, [&](const char* name, double& value) {
    value = state.values.at(name).get<double>();
  });
  for_each_tensor(record, [&](const char* name, Tensor& value) { value = state.tensor(name); });
  return record;
}

void NewtonRecord::write(MethodState& state) const {
  for_each_value(*this, [&](const char* name, double value) { state.values[name] = value; });
  for_each_tensor(*this, [&](const char* name, const Tensor& value) {
    if (value.defined()) state.tensors.emplace_back(name, value);
  });
}

}  // namespace oubli
