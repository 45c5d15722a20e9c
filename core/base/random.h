// Explicit random numbers. There is no global seed anywhere in the toolkit: whoever draws is handed
// a Generator, and independent purposes draw from independent named streams, so that asking for one
// more random number in one place changes nothing in another.
//
//   Generator generator(seed);
//   Tensor order = generator.stream("order").permutation(n);
//
// A stream's seed is the first 8 bytes of SHA-256("<seed>/<name>"). Seeds below 2^32 draw what
// PyTorch draws after manual_seed. PyTorch ignores the upper half of larger seeds; here all 64 bits
// count, so that the many streams of an experiment do not meet by chance.
#pragma once

#include <ATen/core/Generator.h>

#include <cstdint>
#include <string_view>

#include "core/base/tensor.h"

namespace oubli {

class Generator {
 public:
  explicit Generator(std::uint64_t seed);

  // A generator whose draws do not depend on what was drawn from this one so far.
  Generator stream(std::string_view name) const;

  std::uint64_t seed() const { return seed_; }
  Tensor permutation(std::int64_t n);                                           // int64 [n]
  Tensor normal(at::IntArrayRef shape, at::ScalarType dtype);                   // N(0, 1)
  Tensor uniform(at::IntArrayRef shape, at::ScalarType dtype);                  // U[0, 1)
  Tensor rademacher(at::IntArrayRef shape, at::ScalarType dtype);               // -1 or +1
  Tensor integers(std::int64_t low, std::int64_t high, at::IntArrayRef shape);  // [low, high)

  at::Generator& engine() { return engine_; }

 private:
  std::uint64_t seed_;
  at::Generator engine_;
};

}  // namespace oubli
