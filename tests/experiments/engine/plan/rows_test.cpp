#include "experiments/engine/plan/rows.h"

#include <gmock/gmock.h>

#include "core/base/settings_file.h"
#include "experiments/engine/plan/spec.h"
#include "tests/support/files.h"

namespace oubli {
namespace {

const char* const kRest = R"(
data: {name: gaussian_classes}
model: {name: logistic}
train: {optimizer: {name: sgd, lr: 0.2}, epochs: 2}
edit: {remove: {random: {fraction: 0.1}}}
)";

std::vector<std::string> names_of(const Spec& spec) {
  std::vector<std::string> names;
  for (const MethodRow& row : spec.methods) names.push_back(row.name);
  return names;
}

TEST(Rows, MoreMethodsStandBehindThoseOfTheFileThatIsExtended) {
  const testing::TemporaryFolder folder;
  folder.write("methods.yaml", "methods: [retrain, {finetune: {epochs: 1}}]\n");
  const std::string file = folder.write(
      "own.yaml",
      std::string("extends: methods.yaml\nmore_methods: [{then: [ssd, finetune]}]\n") + kRest);
  const Registries registries = builtin_registries();
  const Spec spec = load_spec(file, {}, registries);
  EXPECT_THAT(names_of(spec), ::testing::ElementsAre("retrain", "finetune", "then"));
  // What a run writes names all of them as methods, and reads as the same again.
  EXPECT_FALSE(spec.resolved.contains("more_methods"));
  const Spec again =
      load_spec(folder.write("resolved.yaml", to_yaml(spec.resolved)), {}, registries);
  EXPECT_EQ(again.resolved, spec.resolved);
  EXPECT_THAT(names_of(again), ::testing::ElementsAre("retrain", "finetune", "then"));
}

TEST(Rows, ANameTwiceIsAnErrorInEitherList) {
  const testing::TemporaryFolder folder;
  const std::string file = folder.write(
      "own.yaml", std::string("methods: [finetune]\nmore_methods: [finetune]\n") + kRest);
  const std::string message =
      testing::error_of(ErrorKind::kSettings, [&] { load_spec(file, {}, builtin_registries()); });
  EXPECT_THAT(message, ::testing::HasSubstr("two rows are named 'finetune'"));
}

}  // namespace
}  // namespace oubli
