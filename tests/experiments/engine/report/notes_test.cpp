// What a run says under its table of results that are there, and worth a doubt.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/base/file.h"
#include "tests/support/files.h"
#include "tests/support/program.h"

namespace oubli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(Notes, AMethodThatRaisesWhatItDescendsIsSaidToDoSo) {
  const testing::TemporaryFolder scratch;
  const std::string file = scratch.write("rise.yaml", R"(
data: {name: gaussian_classes, classes: 3, features: 6, examples: 300, test_examples: 60}
model: {name: mlp, hidden: [16]}
train: {optimizer: {name: sgd, lr: 0.1}, epochs: 5, batch_size: 16}
edit: {remove: {random: {count: 20}}}
methods:
  - finetune: {as: wild, lr: 2, epochs: 4}
  - finetune: {as: calm, lr: 0.01, epochs: 4}
seeds: {training: 2, oracle: 2}
measure: [accuracy]
)");
  const std::string output = scratch.path() / "out";
  const testing::ProgramResult result =
      testing::run_program({"run", file, "--store", scratch.path() / "store", "--output", output});
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("wild (2 of 2 models): the loss that its steps descend rose"));
  EXPECT_THAT(result.out, Not(HasSubstr("calm (")));
  const Json json =
      Json::parse(read_text_file(std::filesystem::path(output) / "results.json", ErrorKind::kData));
  for (const Json& row : json.at("rows")) {
    for (const Json& model : row.at("models")) {
      EXPECT_EQ(model.at("report").contains("warnings"), row.at("name") == "wild");
    }
  }
}

}  // namespace
}  // namespace oubli
