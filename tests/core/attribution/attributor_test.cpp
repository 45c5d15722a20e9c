// What every attributor promises; a new one is tested here by its line in attributors.def.
#include "core/attribution/attributor.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <set>

#include "tests/support/attribution.h"

namespace oubli {
namespace {

class EachAttributor : public ::testing::TestWithParam<AttributorInfo> {};

TEST_P(EachAttributor, GivesAnEffectOfEveryExampleOnEveryTestAndLeavesTheModelAlone) {
  const testing::AttributionProblem problem;
  const Tensor before = problem.model.theta().clone();
  const Attribution found =
      problem.attribute(GetParam().name, GetParam().name == "trak" ? "dimension: 6" : "{}");
  ASSERT_EQ(found.refusal, "");
  EXPECT_EQ(found.effect.sizes(), (at::IntArrayRef{40, 5}));
  EXPECT_EQ(found.effect.scalar_type(), at::kDouble);
  EXPECT_TRUE(found.effect.isfinite().all().item<bool>());
  EXPECT_GT(found.effect.abs().max().item<double>(), 0);
  EXPECT_TRUE(before.equal(problem.model.theta()));
}

TEST_P(EachAttributor, GivesTheSameBitsAgain) {
  const testing::AttributionProblem problem;
  const char* settings = GetParam().name == "trak" ? "dimension: 6" : "{}";
  EXPECT_TRUE(problem.attribute(GetParam().name, settings)
                  .effect.equal(problem.attribute(GetParam().name, settings).effect));
}

TEST_P(EachAttributor, SaysWhatItIs) {
  EXPECT_NE(GetParam().summary, "");
  EXPECT_NE(GetParam().reference, "");
  EXPECT_NE(GetParam().definition, "");
}

INSTANTIATE_TEST_SUITE_P(Builtin, EachAttributor,
                         ::testing::ValuesIn(builtin_attributors().entries()),
                         [](const auto& test) { return test.param.name; });

TEST(Attributors, EveryFileHasALine) {
  std::set<std::string> files;
  const std::filesystem::path folder =
      std::string(OUBLI_SOURCE_DIR) + "/core/attribution/attributors";
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".cpp") files.insert(entry.path().stem().string());
  }
  files.erase("builtin");
  const std::vector<std::string> names = builtin_attributors().names();
  EXPECT_EQ(files, std::set<std::string>(names.begin(), names.end()));
}

}  // namespace
}  // namespace oubli
