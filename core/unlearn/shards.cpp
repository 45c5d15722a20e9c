#include "core/unlearn/shards.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/base/error.h"

namespace oubli {
namespace {

std::uint64_t mix(std::uint64_t z) {
  z += 0x9e3779b97f4a7c15ULL;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

// floor(count x / 2^32) of a number below 2^32, for a count below 2^32.
std::int64_t part_of(std::uint64_t x, std::int64_t count) {
  return static_cast<std::int64_t>((x * static_cast<std::uint64_t>(count)) >> 32);
}

}  // namespace

Shards::Place Shards::place_of(std::int64_t row) const {
  const std::uint64_t u = mix(mix(seed) ^ static_cast<std::uint64_t>(row));
  return {part_of(u >> 32, shards), part_of(u & 0xffffffffULL, slices)};
}

Subset Shards::members(const Subset& subset, std::int64_t shard, std::int64_t last) const {
  const auto [rows, order] = subset.rows.sort();
  const std::int64_t* row = rows.const_data_ptr<std::int64_t>();
  std::vector<std::int64_t> chosen;
  for (std::int64_t i = 0; i < rows.numel(); ++i) {
    const Place place = place_of(row[i]);
    if (place.shard == shard && place.slice <= last) chosen.push_back(i);
  }
  const Tensor positions = order.index_select(0, at::tensor(chosen, at::kLong));
  Subset members = subset.with_rows(subset.rows.index_select(0, positions));
  if (subset.weights.defined()) members.weights = subset.weights.index_select(0, positions);
  return members;
}

std::vector<std::int64_t> Shards::first_slices(const Tensor& rows) const {
  std::vector<std::int64_t> first(static_cast<std::size_t>(shards), slices);
  const Tensor flat = rows.contiguous();
  const std::int64_t* row = flat.const_data_ptr<std::int64_t>();
  for (std::int64_t i = 0; i < flat.numel(); ++i) {
    const Place place = place_of(row[i]);
    std::int64_t& slice = first[static_cast<std::size_t>(place.shard)];
    slice = std::min(slice, place.slice);
  }
  return first;
}

double Shards::expected_shards(std::int64_t rows) const {
  const auto all = static_cast<double>(shards);
  return all * (1 - std::pow(1 - 1 / all, static_cast<double>(rows)));
}

std::int64_t epochs_of_slice(std::int64_t epochs, std::int64_t slices, std::int64_t slice) {
  if (slices > most_slices(epochs)) {
    throw Error(ErrorKind::kUsage,
                fmt::format("{} epochs cannot be divided among {} slices", epochs, slices));
  }
  // round(k 2e / (R + 1)) in whole numbers, halves upwards.
  const auto rounded = [&](std::int64_t k) {
    return (4 * k * epochs + slices + 1) / (2 * (slices + 1));
  };
  return rounded(slice + 1) - rounded(slice);
}

std::int64_t most_slices(std::int64_t epochs) { return std::max<std::int64_t>(1, 2 * epochs - 1); }

}  // namespace oubli
