#include "core/train/batches.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <string>
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
  if (options.shared_order) return all;
  const std::int64_t rest = all % options.batch_size;
  return options.drop_last && rest < all ? all - rest : all;
}

// A number for each row and epoch that looks like any other: two rounds of the finaliser of
// splitmix64 (Steele et al. 2014), which is one to one.
std::uint64_t mixed(std::uint64_t x) {
  x = (x ^ (x >> 30U)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27U)) * 0x94d049bb133111ebU;
  return x ^ (x >> 31U);
}

std::uint64_t key_of_row(std::uint64_t epoch_seed, std::int64_t row) {
  return mixed(epoch_seed ^ mixed(static_cast<std::uint64_t>(row) + 0x9e3779b97f4a7c15U));
}

}  // namespace

BatchStream::BatchStream(const Subset& subset, const BatchOptions& options, Generator order,
                         Generator augmentation)
    : subset_(subset.with_unit_mean_weights()),
      options_(options),
      order_(std::move(order)),
      augmentation_(std::move(augmentation)),
      used_(used_examples(subset.size(), options)),
      at_once_(subset.empty() ? 1 : batches_at_once(subset, options)) {}

std::int64_t BatchStream::batches() const {
  std::int64_t examples = used_;
  if (options_.shared_order && used_ > 0 && subset_.dataset->training_rows > 0) {
    examples = subset_.dataset->training_rows;
  }
  return (examples + options_.batch_size - 1) / options_.batch_size;
}

BatchStream::Iterator BatchStream::begin() {
  start_epoch();
  advance_unless_stopped();
  return Iterator(*this);
}

const Batch& BatchStream::next() {
  if (used_ == 0) return batch_;
  if (number_ >= ends_.size()) start_epoch();
  advance();
  return batch_;
}

void BatchStream::start_epoch() {
  number_ = 0;
  ends_.clear();
  if (used_ == 0) return;
  if (options_.shared_order) {
    order_by_row();
  } else {
    positions_ = order_.permutation(subset_.size());
    for (std::int64_t end = 0; end < used_;) {
      end = std::min(end + options_.batch_size, used_);
      ends_.push_back(end);
    }
  }
  ++epoch_;
}

void BatchStream::order_by_row() {
  const std::uint64_t seed = order_.stream("epoch " + std::to_string(epoch_)).seed();
  const Tensor rows = subset_.rows.contiguous();
  std::vector<std::pair<std::uint64_t, std::int64_t>> keyed;
  keyed.reserve(static_cast<std::size_t>(used_));
  const Tensor& first_seen = subset_.dataset->first_seen;
  const auto is_seen = [&](std::int64_t row) {
    return options_.epochs == 0 || !first_seen.defined() ||
           first_seen.const_data_ptr<double>()[row] * static_cast<double>(options_.epochs) <=
               static_cast<double>(epoch_);
  };
  for (std::int64_t i = 0; i < used_; ++i) {
    const std::int64_t row = rows.const_data_ptr<std::int64_t>()[i];
    if (is_seen(row)) keyed.emplace_back(key_of_row(seed, row), i);
  }
  std::sort(keyed.begin(), keyed.end());
  positions_ = at::empty({std::ssize(keyed)}, at::kLong);
  auto* position = positions_.mutable_data_ptr<std::int64_t>();
  const auto count = static_cast<double>(batches());
  const auto batch_of = [&](std::uint64_t key) {
    return static_cast<std::int64_t>(std::ldexp(static_cast<double>(key >> 11U), -53) * count);
  };
  for (std::size_t i = 0; i < keyed.size(); ++i) {
    const auto& [key, place] = keyed[i];
    position[i] = place;
    const bool ends = i + 1 == keyed.size() || batch_of(keyed[i + 1].first) != batch_of(key);
    if (ends) ends_.push_back(static_cast<std::int64_t>(i) + 1);
  }
}

void BatchStream::advance_unless_stopped() {
  if (number_ < ends_.size() && options_.stop && options_.stop()) {
    has_batch_ = false;
  } else {
    advance();
  }
}

// Several batches are gathered at once.
void BatchStream::advance() {
  has_batch_ = number_ < ends_.size();
  if (!has_batch_) return;
  const std::int64_t begin = number_ == 0 ? 0 : ends_[number_ - 1];
  if (number_ % static_cast<std::size_t>(at_once_) == 0) {
    const std::size_t last =
        std::min(number_ + static_cast<std::size_t>(at_once_), ends_.size()) - 1;
    gathered_from_ = begin;
    several_ = subset_.batch_at(positions_.narrow(0, begin, ends_[last] - begin), options_.dtype);
  }
  batch_ = several_.narrow(begin - gathered_from_, ends_[number_] - begin);
  if (options_.augmentation.any()) {
    batch_.inputs = augment(batch_.inputs, options_.augmentation, augmentation_);
  }
  ++number_;
}

}  // namespace oubli
