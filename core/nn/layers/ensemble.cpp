#include "core/nn/layers/ensemble.h"

#include <ATen/ATen.h>

#include <cmath>
#include <utility>

#include "core/base/error.h"

namespace oubli {
namespace {

Tensor mean_of(const Tensors& outputs, OutputKind kind) {
  const Tensor all = at::stack(outputs);
  if (kind == OutputKind::kNumbers) return all.mean(0);
  if (kind == OutputKind::kMargin) {
    // The number of copies is in both sums.
    return at::log_sigmoid(all).logsumexp(0) - at::log_sigmoid(all.neg()).logsumexp(0);
  }
  return all.log_softmax(2).logsumexp(0) - std::log(static_cast<double>(outputs.size()));
}

// argmax takes the first of equal scores.
Tensor votes_of(const Tensors& outputs, OutputKind kind) {
  const Tensor all = at::stack(outputs).detach();
  const auto voters = static_cast<double>(outputs.size());
  if (kind == OutputKind::kMargin) {
    const Tensor ones = all.gt(0).sum(0).to(all.scalar_type());
    return (ones + 0.5).log() - (voters - ones + 0.5).log();
  }
  const std::int64_t classes = all.size(2);
  const Tensor votes = at::one_hot(all.argmax(2), classes).sum(0).to(all.scalar_type());
  return ((votes + 1.0 / static_cast<double>(classes)) / (voters + 1)).log();
}

Tensors part_of(const Tensors& all, std::size_t k, std::size_t size) {
  const auto begin = all.begin() + static_cast<std::ptrdiff_t>(k * size);
  return {begin, begin + static_cast<std::ptrdiff_t>(size)};
}

}  // namespace

std::string to_string(Joining joining) { return joining == Joining::kVote ? "vote" : "mean"; }

Tensor join_outputs(const Tensors& outputs, Joining joining, OutputKind kind) {
  const Tensor mean = mean_of(outputs, kind);
  // The product keeps automatic differentiation going, with the derivative zero, and outputs that
  // are no numbers in sight.
  return joining == Joining::kVote ? votes_of(outputs, kind) + 0 * mean : mean;
}

Ensemble::Ensemble(std::shared_ptr<const Layer> copy, std::shared_ptr<const ParameterTable> table,
                   std::int64_t copies, Joining joining, OutputKind kind)
    : copy_(std::move(copy)),
      table_(std::move(table)),
      copies_(copies),
      joining_(joining),
      kind_(kind) {
  if (joining == Joining::kVote && kind == OutputKind::kNumbers) {
    throw Error(ErrorKind::kUsage, "numbers cannot be voted about: join the copies by their mean");
  }
}

Tensor Ensemble::forward(const Tensor& input, ForwardPass& pass) const {
  Tensors outputs;
  for (std::int64_t k = 0; k < copies_; ++k) {
    const auto number = static_cast<std::size_t>(k);
    const Tensors parameters = part_of(pass.parameters, number, table_->parameters().size());
    const Tensors buffers = part_of(pass.buffers, number, table_->buffers().size());
    ForwardPass own{parameters, buffers, pass.mode, pass.generator};
    outputs.push_back(copy_->forward(input, own));
  }
  return join_outputs(outputs, pass.mode == PassMode::kTraining ? Joining::kMean : joining_, kind_);
}

}  // namespace oubli
