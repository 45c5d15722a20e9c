#include "core/base/random.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Functions.h>
#include <fmt/format.h>

#include <random>

#include "core/base/hash.h"

namespace oubli {
namespace {

at::Generator seeded_engine(std::uint64_t seed) {
  at::Generator engine = at::detail::createCPUGenerator(seed);
  const std::uint64_t upper = seed >> 32;
  if (upper == 0) return engine;
  at::mt19937 twister(seed);
  at::mt19937_data_pod state = twister.data();
  std::seed_seq words{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(upper)};
  words.generate(state.state_.begin(), state.state_.end());
  twister.set_data(state);
  engine.get<at::CPUGeneratorImpl>()->set_engine(twister);
  return engine;
}

}  // namespace

Generator::Generator(std::uint64_t seed) : seed_(seed), engine_(seeded_engine(seed)) {}

Generator Generator::stream(std::string_view name) const {
  const std::string digest = sha256_hex(fmt::format("{}/{}", seed_, name));
  return Generator(std::stoull(digest.substr(0, 16), nullptr, 16));
}

Tensor Generator::permutation(std::int64_t n) {
  return at::randperm(n, engine_, at::TensorOptions().dtype(at::kLong));
}

Tensor Generator::normal(at::IntArrayRef shape, at::ScalarType dtype) {
  return at::randn(shape, engine_, at::TensorOptions().dtype(dtype));
}

Tensor Generator::uniform(at::IntArrayRef shape, at::ScalarType dtype) {
  return at::rand(shape, engine_, at::TensorOptions().dtype(dtype));
}

Tensor Generator::rademacher(at::IntArrayRef shape, at::ScalarType dtype) {
  return at::randint(0, 2, shape, engine_, at::TensorOptions().dtype(dtype)).mul_(2).sub_(1);
}

Tensor Generator::integers(std::int64_t low, std::int64_t high, at::IntArrayRef shape) {
  return at::randint(low, high, shape, engine_, at::TensorOptions().dtype(at::kLong));
}

}  // namespace oubli
