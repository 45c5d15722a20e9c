#include "core/base/random.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <gtest/gtest.h>

#include <set>

namespace oubli {
namespace {

TEST(Generator, SameSeedSameDraws) {
  Generator a(7);
  Generator b(7);
  EXPECT_TRUE(a.normal({40}, at::kDouble).equal(b.normal({40}, at::kDouble)));
  EXPECT_TRUE(a.permutation(50).equal(b.permutation(50)));
  EXPECT_FALSE(
      Generator(8).normal({40}, at::kDouble).equal(Generator(7).normal({40}, at::kDouble)));
}

TEST(Generator, StreamsDoNotDependOnDraws) {
  Generator fresh(3);
  Generator used(3);
  used.normal({1000}, at::kFloat);
  EXPECT_TRUE(fresh.stream("order").permutation(64).equal(used.stream("order").permutation(64)));
  EXPECT_EQ(used.stream("order").seed(), Generator(3).stream("order").seed());
}

TEST(Generator, StreamsDifferByNameAndSeed) {
  std::set<std::uint64_t> seeds;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    for (const char* name : {"order", "initialise", "noise"}) {
      seeds.insert(Generator(seed).stream(name).seed());
    }
  }
  EXPECT_EQ(seeds.size(), 150);
}

TEST(Generator, DrawingInOneStreamChangesNothingInAnother) {
  Generator root(5);
  Generator first = root.stream("a");
  first.uniform({10}, at::kFloat);
  Generator second = root.stream("b");
  EXPECT_TRUE(
      second.uniform({10}, at::kFloat).equal(Generator(5).stream("b").uniform({10}, at::kFloat)));
}

TEST(Generator, AllSixtyFourBitsOfTheSeedCount) {
  const std::uint64_t low = 12345;
  const Tensor draws = Generator(low).uniform({20}, at::kDouble);
  EXPECT_FALSE(Generator(low | (1ULL << 32)).uniform({20}, at::kDouble).equal(draws));
  EXPECT_FALSE(Generator(low | (1ULL << 63)).uniform({20}, at::kDouble).equal(draws));
}

TEST(Generator, SmallSeedsDrawWhatPyTorchDraws) {
  at::Generator engine = at::detail::createCPUGenerator(11);
  const Tensor expected = at::randn({33}, engine, at::TensorOptions().dtype(at::kFloat));
  EXPECT_TRUE(Generator(11).normal({33}, at::kFloat).equal(expected));
}

TEST(Generator, DistributionsHaveTheirSupport) {
  Generator generator(1ULL << 40);
  const Tensor signs = generator.rademacher({1000}, at::kDouble);
  EXPECT_TRUE(signs.abs().equal(at::ones_like(signs)));
  EXPECT_LT(std::abs(signs.mean().item<double>()), 0.15);
  const Tensor numbers = generator.integers(-2, 3, {1000});
  EXPECT_EQ(numbers.min().item<std::int64_t>(), -2);
  EXPECT_EQ(numbers.max().item<std::int64_t>(), 2);
  const Tensor normal = generator.normal({20000}, at::kDouble);
  EXPECT_NEAR(normal.mean().item<double>(), 0.0, 0.03);
  EXPECT_NEAR(normal.var().item<double>(), 1.0, 0.05);
  const Tensor order = std::get<0>(generator.permutation(100).sort());
  EXPECT_TRUE(order.equal(at::arange(100)));
}

}  // namespace
}  // namespace oubli
