// Shards and slices of a data set: where each row belongs, whatever other rows there are.
//
//   u = mix(mix(seed) xor row), 64 bits
//   shard = floor(S (upper half of u) / 2^32),  slice = floor(R (lower half of u) / 2^32)
//
// with mix the finaliser of SplitMix64 (Steele, Lea and Flood 2014, OOPSLA). A row's place depends
// on the seed and its own number alone, so removing rows, or adding some, moves no other row. The
// price is that shards are equal in expectation only: n/S, give or take sqrt(n/S). The source of
// sharding (methods/sisa.cpp) deals rows out evenly, which from scratch would be another deal once
// rows are missing.
#pragma once

#include <cstdint>
#include <vector>

#include "core/data/dataset.h"

namespace oubli {

struct Shards {
  std::int64_t shards = 1, slices = 1;
  std::uint64_t seed = 0;

  struct Place {
    std::int64_t shard, slice;
  };
  Place place_of(std::int64_t row) const;

  // The examples of a shard's slices 0 .. last, rows ascending, with their weights.
  Subset members(const Subset& subset, std::int64_t shard, std::int64_t last) const;

  // For each shard the first slice that holds one of these rows; `slices` where none does.
  std::vector<std::int64_t> first_slices(const Tensor& rows) const;

  // S (1 - (1 - 1/S)^k): the shards that k rows are expected to be in.
  double expected_shards(std::int64_t rows) const;
};

// Epochs of the stage in which slice r of R, from 0, is first trained on, of e without slices:
//
//   round((r + 1) x) - round(r x),  x = 2 e / (R + 1)
//
// so that all stages together pass over as many examples as e epochs would, equal slices given:
// x sum_r r/R = e. Rounded in sums, no stage is more than one epoch from x, and none has no epoch
// where x is 1 or more, which is e >= (R + 1) / 2: Error(kUsage) where it is not. Source: Bourtoule
// et al. 2021 (arXiv 1912.03817); the rounding is ours.
std::int64_t epochs_of_slice(std::int64_t epochs, std::int64_t slices, std::int64_t slice);
// The most slices that so many epochs can be divided among.
std::int64_t most_slices(std::int64_t epochs);

}  // namespace oubli
