// What a beginner gets wrong: each a clear message with file, line and column, exit status 2, and
// nothing written.
#include <gtest/gtest.h>

#include "tests/support/program.h"

namespace oubli {
namespace {

namespace fs = std::filesystem;
using testing::ProgramResult;
using testing::run_program;
using testing::TemporaryFolder;

const std::string kGood =
    R"(data: {name: gaussian_classes, classes: 3, features: 4, examples: 90, test_examples: 30}
model: {name: logistic}
train: {epochs: 1}
edit:
  remove: {random: {fraction: 0.1}}
methods:
  - finetune: {epochs: 1}
seeds: {training: 1, oracle: 1}
)";

struct BadInput {
  std::string name, from, to, message;
};

class BadInputTest : public ::testing::TestWithParam<BadInput> {};

TEST_P(BadInputTest, IsAClearError) {
  const BadInput& bad = GetParam();
  const TemporaryFolder scratch;
  std::string text = kGood;
  text.replace(text.find(bad.from), bad.from.size(), bad.to);
  const std::string file = scratch.write("bad.yaml", text);
  for (const char* command : {"check", "run"}) {
    std::vector<std::string> arguments = {command, file, "--store", scratch.path() / "store"};
    if (std::string(command) == "run") {
      arguments.insert(arguments.end(), {"--output", scratch.path() / "out"});
    }
    const ProgramResult result = run_program(arguments);
    EXPECT_EQ(result.status, 2) << result.err;
    EXPECT_NE(result.err.find(bad.message), std::string::npos) << result.err;
    for (const char* internal :
         {"terminate called", "c10::", "std::", "what():", "Exception raised"}) {
      EXPECT_EQ(result.err.find(internal), std::string::npos) << result.err;
    }
    EXPECT_FALSE(fs::exists(scratch.path() / "store"));
    EXPECT_FALSE(fs::exists(scratch.path() / "out"));
  }
}

INSTANTIATE_TEST_SUITE_P(
    Files, BadInputTest,
    ::testing::Values(
        BadInput{"MisspeltKey", "epochs: 1}\nedit", "epohcs: 1}\nedit", "bad.yaml:3:"},
        BadInput{"MisspeltKeyInMethod", "finetune: {epochs: 1}", "finetune: {epoch: 1}",
                 "did you mean 'epochs'?"},
        BadInput{"MisspeltTopKey",
                 "seeds:", "seedz:", "bad.yaml:8:1: unknown key 'seedz'; did you mean 'seeds'?"},
        BadInput{"WrongType", "epochs: 1}\nedit", "epochs: many}\nedit",
                 "bad.yaml:3:17: 'epochs' must be a whole number"},
        BadInput{"OutOfRange", "fraction: 0.1", "fraction: 1.5", "bad.yaml:5:"},
        BadInput{"UnknownMethod", "finetune", "finetun",
                 "bad.yaml:7:5: unknown method 'finetun'; did you mean 'finetune'?"},
        BadInput{"UnknownData", "gaussian_classes", "gausian_classes",
                 "did you mean 'gaussian_classes'?"},
        BadInput{"UnknownModel", "logistic", "logistics", "did you mean 'logistic'?"},
        BadInput{"EmptyForgetSet", "{fraction: 0.1}", "{fraction: 0.0001}", "bad.yaml:5:"},
        BadInput{"EverythingForgotten", "{random: {fraction: 0.1}}", "{random: {fraction: 1}}",
                 "bad.yaml:5:"},
        BadInput{"ClassNotThere", "{random: {fraction: 0.1}}", "{class: 7}", "bad.yaml:5:"},
        BadInput{"NoEdit", "  remove: {random: {fraction: 0.1}}", "  {}", "asks for nothing"},
        BadInput{"WrongLoss", "{epochs: 1}\nedit", "{epochs: 1, loss: squared_error}\nedit",
                 "use cross_entropy"},
        BadInput{"BrokenYaml", "{name: logistic}", "{name: logistic", "bad.yaml:"},
        // Every oracle would have seen what these were trained on.
        BadInput{"ListOfWeights", "{name: logistic}",
                 "{name: logistic, weights: [some.safetensors]}",
                 "bad.yaml:2:34: originals and oracles would start from the same weights"},
        BadInput{"NameOfTheSweptNoiseFloor", "finetune: {epochs: 1}",
                 "finetune: {as: noise floor of swept rows}",
                 "two rows are named 'noise floor of swept rows'"},
        BadInput{"GivenWeights", "{name: logistic}", "{name: logistic, weights: some.safetensors}",
                 "bad.yaml:2:34: originals and oracles would start from the same weights"},
        BadInput{"MethodThatCannotAdd",
                 "remove: {random: {fraction: 0.1}}\nmethods:\n  - finetune: {epochs: 1}",
                 "add: {random: {fraction: 0.1}}\nmethods:\n  - gradient_ascent", "cannot add"},
        BadInput{"TwoRowsOfOneName", "  - finetune: {epochs: 1}",
                 "  - finetune: {epochs: 1}\n  - finetune", "as: ..."},
        // No gap without an oracle to measure it against.
        BadInput{"NoOracles", "oracle: 1", "oracle: 0", "bad.yaml:8:"},
        BadInput{"AuditOfARegression",
                 "data: {name: gaussian_classes, classes: 3, features: 4, examples: 90, "
                 "test_examples: 30}\nmodel: {name: logistic}\ntrain: {epochs: 1}",
                 "measure: [ulira]\ndata: {name: linear_regression, features: 4, examples: 90, "
                 "test_examples: 30}\nmodel: {name: linear}\ntrain: {epochs: 1, loss: "
                 "squared_error}",
                 "audits a classifier's forget set"},
        BadInput{"UnknownVerdictColumn", "seeds:", "verdict: {columns: [acuracy/test]}\nseeds:",
                 "did you mean 'accuracy'?"},
        BadInput{"WrongShape", "{name: logistic}", "{name: lenet5}", "lenet5"}),
    [](const auto& test) { return test.param.name; });

TEST(BadUse, OfTheCommandLine) {
  EXPECT_EQ(run_program({"run"}).status, 2);
  EXPECT_EQ(run_program({"rum"}).status, 2);
  const ProgramResult missing = run_program({"run", "nowhere.yaml"});
  EXPECT_EQ(missing.status, 2);
  EXPECT_NE(missing.err.find("nowhere.yaml"), std::string::npos);
}

TEST(BadUse, OutputFolderThatCannotBeWritten) {
  const TemporaryFolder scratch;
  const std::string file = scratch.write("good.yaml", kGood);
  scratch.write("occupied", "a file, not a folder");
  const ProgramResult result = run_program({"run", file, "--store", scratch.path() / "store",
                                            "--output", scratch.path() / "occupied/out"});
  EXPECT_EQ(result.status, 2);
  EXPECT_NE(result.err.find("occupied"), std::string::npos) << result.err;
  EXPECT_FALSE(fs::exists(scratch.path() / "store"));
}

// A file size limit stands for a full disk: the write fails with the system's own reason.
TEST(BadUse, NoRoomInTheStore) {
  const TemporaryFolder scratch;
  std::string text = kGood;
  text.replace(text.find("features: 4"), 11, "features: 4000");
  const std::string file = scratch.write("big.yaml", text);
  const ProgramResult result = run_program(
      {"run", file, "--store", scratch.path() / "store", "--output", scratch.path() / "out"},
      "trap '' XFSZ; ulimit -f 16;");
  EXPECT_NE(result.status, 0);
  EXPECT_NE((result.err + result.out).find("File too large"), std::string::npos)
      << result.err << result.out;
  EXPECT_EQ((result.err + result.out).find("terminate called"), std::string::npos);
}

}  // namespace
}  // namespace oubli
