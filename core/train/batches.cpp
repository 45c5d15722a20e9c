#include "core/train/batches.h"

#include <algorithm>
#include <utility>

namespace oubli {
namespace {

// How many batches are gathered and normalised at once, as much as stays in a cache: of small
// examples many, so that the handful of operations this takes is not paid for each step.
std::int64_t batches_at_once(const Subset& subset, const BatchOptions& options) {
  constexpr std::int64_t kBytes = 1 << 19;
  const Dataset& data = *subset.dataset;
  const auto bytes_of_value = static_cast<std::int64_t>(at::elementSize(options.dtype));
  const std::int64_t bytes = data.inputs.numel() / data.size() * bytes_of_value;
  return std::max<std::int64_t>(1, kBytes / (options.batch_size * bytes));
}

std::int64_t used_examples(std::int64_t all, const BatchOptions& options) {
  const std::int64_t rest = all % options.batch_size;
  return options.drop_last && rest < all ? all - rest : all;
}

}  // namespace

BatchStream::BatchStream(const Subset& subset, const BatchOptions& options, Generator order,
                         Generator augmentation)
    : subset_(subset.with_unit_mean_weights()),
      options_(options),
      order_(std::move(order)),
      augmentation_(std::move(augmentation)),
      used_(used_examples(subset.size(), options)),
      gathered_(subset.empty() ? options.batch_size
                               : options.batch_size * batches_at_once(subset, options)) {}

BatchStream::Iterator BatchStream::begin() {
  start_epoch();
  advance_unless_stopped();
  return Iterator(*this);
}

const Batch& BatchStream::next() {
  if (used_ == 0) return batch_;
  if (at_ >= used_ || !positions_.defined()) start_epoch();
  advance();
  return batch_;
}

void BatchStream::start_epoch() {
  if (used_ > 0) positions_ = order_.permutation(subset_.size());
  at_ = 0;
}

void BatchStream::advance_unless_stopped() {
  if (at_ < used_ && options_.stop && options_.stop()) {
    has_batch_ = false;
  } else {
    advance();
  }
}

void BatchStream::advance() {
  has_batch_ = at_ < used_;
  if (!has_batch_) return;
  const std::int64_t count = std::min(options_.batch_size, used_ - at_);
  if (at_ % gathered_ == 0) {
    several_ = subset_.batch_at(positions_.narrow(0, at_, std::min(gathered_, used_ - at_)),
                                options_.dtype);
  }
  batch_ = several_.narrow(at_ % gathered_, count);
  if (options_.augmentation.any()) {
    batch_.inputs = augment(batch_.inputs, options_.augmentation, augmentation_);
  }
  at_ += count;
}

}  // namespace oubli
