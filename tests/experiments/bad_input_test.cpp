// What a beginner gets wrong: each a clear message with file, line and column, exit status 2, and
// nothing written.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include "tests/support/program.h"

namespace oubli {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
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
                 "a row cannot be named 'noise floor of swept rows'"},
        BadInput{"GivenWeights", "{name: logistic}", "{name: logistic, weights: some.safetensors}",
                 "bad.yaml:2:34: originals and oracles would start from the same weights"},
        BadInput{"MethodThatCannotAdd",
                 "remove: {random: {fraction: 0.1}}\nmethods:\n  - finetune: {epochs: 1}",
                 "add: {random: {fraction: 0.1}}\nmethods:\n  - gradient_ascent", "cannot add"},
        BadInput{"PartThatCannotAdd",
                 "remove: {random: {fraction: 0.1}}\nmethods:\n  - finetune: {epochs: 1}",
                 "add: {random: {fraction: 0.1}}\nmethods:\n"
                 "  - then: [finetune, {masked: {method: gradient_ascent}}]",
                 "bad.yaml:7:5: 'gradient_ascent' cannot add"},
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
        BadInput{"WrongShape", "{name: logistic}", "{name: lenet5}", "lenet5"},
        BadInput{"ForgetForEdit", "edit:", "forget:",
                 "bad.yaml:4:1: unknown key 'forget': what is removed is `edit: {remove:"},
        BadInput{"NoTraining", "train: {epochs: 1}\n", "", "'train' is missing"},
        BadInput{"TrainingAtTheTop", "seeds:", "epochs: 3\nseeds:", "it stands under 'train'"},
        BadInput{"Tab", "  remove:", "\tremove:", "bad.yaml:5:1: a tab in the indentation"},
        BadInput{"OptimizerWithoutName", "{epochs: 1}\nedit",
                 "{epochs: 1, optimizer: {lr: 0.1}}\nedit",
                 "'optimizer' needs a 'name', one of sgd, adam"},
        BadInput{"NotUtf8",
                 "seeds:", "title: caf\xe9\nseeds:", "bad.yaml:8:11: the byte 0xe9 is not UTF-8"},
        BadInput{"EscapeInAName", "finetune: {epochs: 1}", "finetune: {as: \"\\e[2J\"}",
                 "holds a control character"},
        BadInput{"TwoLinesInAName", "finetune: {epochs: 1}", "finetune: {as: \"a\\nb\"}",
                 "the name of a row is one line of text"},
        BadInput{"WrongLabelsToAdd", "remove: {random: {fraction: 0.1}}",
                 "add: {interclass: {classes: [0, 1], fraction: 0.1}}",
                 "bad.yaml:5:21: 'interclass' spoils examples"},
        BadInput{"EverythingAdded", "remove: {random: {fraction: 0.1}}",
                 "add: {random: {fraction: 1}}", "the set of added points is the whole"},
        BadInput{"ClassesThatAreMaps", "{random: {fraction: 0.1}}",
                 "{interclass: {classes: [{a: b}, 3], fraction: 0.1}}", "must name two classes"},
        BadInput{"AugmentedTable", "{epochs: 1}\nedit", "{epochs: 1, augment: {flip: true}}\nedit",
                 "bad.yaml:3:29: 'augment' crops and mirrors images"},
        BadInput{"LastBatchOfOne",
                 "data: {name: gaussian_classes, classes: 3, features: 4, examples: 90, "
                 "test_examples: 30}\nmodel: {name: logistic}\ntrain: {epochs: 1}",
                 "data: {name: digits}\nmodel: {name: resnet18, width: 8}\ntrain: {epochs: 1, "
                 "batch_size: 1293}",
                 "the 1294 examples of an original in batches of 1293 leave a last batch of one"},
        BadInput{"AnOraclesLastBatchOfOne",
                 "data: {name: gaussian_classes, classes: 3, features: 4, examples: 90, "
                 "test_examples: 30}\nmodel: {name: logistic}\ntrain: {epochs: 1}",
                 "data: {name: digits}\nmodel: {name: resnet18, width: 8}\ntrain: {epochs: 1, "
                 "batch_size: 1164}",
                 "examples of an oracle in batches of 1164 leave a last batch of one"},
        BadInput{"TooManySeeds", "training: 1", "training: 9223372036854775807",
                 "'training' must be a whole number of at most 10000"},
        BadInput{"TooManyStages", "training: 1", "training: 10000, unlearning: 1000",
                 "the plan has more than 100000 stages"},
        BadInput{
            "TooManyTrials", "finetune: {epochs: 1}",
            "finetune: {sweep: {search: random, trials: 9223372036854775807, over: {lr: [0.1]}}}",
            "'trials' must be a whole number of at most"},
        BadInput{"TooLargeAModel", "{name: logistic}", "{name: mlp, hidden: [1000000, 1000000]}",
                 "bad.yaml:2:8: the network has more than"},
        BadInput{"AModelThatDoesNotFit", "{name: logistic}",
                 "{name: mlp, hidden: [900000, 900000]}", "GB of memory"},
        BadInput{"TooLargeData", "features: 4", "features: 1000000000", "GB of memory"},
        BadInput{"ANumberTooLargeForItsType", "{epochs: 1}\nedit", "{epochs: 1, l2: 1.8e308}\nedit",
                 "'l2'"},
        BadInput{"AnObjectiveOnTheTestSet", "finetune: {epochs: 1}",
                 "finetune: {sweep: {list: [{lr: 0.1}], objective: accuracy/test}}",
                 "cannot be an objective"}),
    [](const auto& test) { return test.param.name; });

TEST(BadUse, OfTheCommandLine) {
  EXPECT_EQ(run_program({"run"}).status, 2);
  const auto refusal = [](const std::vector<std::string>& arguments) {
    const ProgramResult result = run_program(arguments);
    EXPECT_EQ(result.status, 2);
    return result.err;
  };
  EXPECT_THAT(refusal({}), HasSubstr("say what to do"));
  EXPECT_THAT(refusal({"runn", "f.yaml"}),
              HasSubstr("unknown command 'runn'; did you mean 'run'?"));
  EXPECT_THAT(refusal({"run", "f.yaml", "--job", "3"}), HasSubstr("did you mean '--jobs'?"));
  EXPECT_THAT(refusal({"store", "lss"}), HasSubstr("did you mean 'ls'?"));
  EXPECT_THAT(refusal({"influence", "f.yaml", "--test", "-1"}), HasSubstr("0 to 1000000000"));
  EXPECT_THAT(refusal({"describe", "\x1b[2J"}), HasSubstr("\\x1b[2J"));
  const TemporaryFolder scratch;
  const std::string file = scratch.write("f.yaml", kGood);
  EXPECT_THAT(refusal({"show", file}), HasSubstr("is an experiment file"));
  EXPECT_THAT(refusal({"run", "/dev/zero"}), HasSubstr("/dev/zero: is a device"));
  EXPECT_THAT(refusal({"show", "/dev/zero"}), HasSubstr("/dev/zero: is a device"));
  EXPECT_THAT(refusal({"store", "ls", "--store", scratch.path() / "typo"}),
              HasSubstr("there is no store here"));
  EXPECT_FALSE(fs::exists(scratch.path() / "typo"));
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

// The run ends at the first refusal and says so; nothing is trained that could not be kept.
TEST(BadUse, AFullStoreEndsTheRun) {
  const TemporaryFolder scratch;
  std::string text = kGood;
  text.replace(text.find("features: 4"), 11, "features: 4000");
  text.replace(text.find("training: 1"), 11, "training: 20");
  const std::string file = scratch.write("big.yaml", text);
  const ProgramResult result = run_program({"run", file, "--store", scratch.path() / "store",
                                            "--output", scratch.path() / "out", "--jobs", "1"},
                                           "ulimit -f 16;");
  EXPECT_EQ(result.status, 2);
  EXPECT_THAT(result.err, HasSubstr("File too large"));
  EXPECT_THAT(result.err, HasSubstr("The run has stopped"));
  EXPECT_THAT(result.err, ::testing::Not(HasSubstr("failed:")));
  EXPECT_FALSE(fs::exists(scratch.path() / "out"));
}

TEST(BadUse, WhatCannotBePrintedIsNoSuccess) {
  const ProgramResult result = run_program({"list", "--help"});
  EXPECT_EQ(result.status, 0);
  const TemporaryFolder scratch;
  const std::string program = OUBLI_PROGRAM;
  EXPECT_EQ(WEXITSTATUS(std::system((program + " list > /dev/full 2> /dev/null").c_str())), 2);
  EXPECT_EQ(WEXITSTATUS(std::system((program + " list >&-").c_str())), 0);
}

TEST(BadUse, ANumberThatTheModelsTypeCannotHold) {
  const TemporaryFolder scratch;
  std::string table = "a,b,y\n";
  for (int i = 0; i < 40; ++i)
    table += i == 7 ? "1,1e39,0\n" : "1,2," + std::to_string(i % 2) + "\n";
  scratch.write("t.csv", table);
  std::string text = kGood;
  const std::size_t end = text.find('\n');
  text.replace(0, end, "data: {name: csv, file: t.csv, label: y, task: classification}");
  const std::string file = scratch.write("csv.yaml", text);
  const ProgramResult result = run_program({"check", file});
  EXPECT_EQ(result.status, 2);
  EXPECT_THAT(result.err, HasSubstr("csv.yaml:1:7: feature 1 of row 7 is 1e+39, which no float32"));
  EXPECT_EQ(run_program({"check", file, "--set", "model.dtype=float64"}).status, 0);
}

// Names of files are bytes, and only text is UTF-8.
TEST(BadUse, AFileWhoseNameIsNotUtf8Runs) {
  const TemporaryFolder scratch;
  const std::string file = scratch.write("caf\xe9/g\xe9.yaml", kGood);
  const ProgramResult result = run_program(
      {"run", file, "--store", scratch.path() / "st\xe9", "--output", scratch.path() / "out\xe9"});
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_THAT(testing::read_text(scratch.path() / "out\xe9" / "results.json"),
              HasSubstr("\"title\": \"g\xef\xbf\xbd\""));
}

TEST(BadUse, NoRowWithANumberIsNoSuccess) {
  const TemporaryFolder scratch;
  std::string text = kGood;
  text.replace(text.find("finetune: {epochs: 1}"), 21, "finetune: {epochs: 9, lr: 1.0e39}");
  const std::string file = scratch.write("f.yaml", text);
  const ProgramResult result = run_program(
      {"run", file, "--store", scratch.path() / "store", "--output", scratch.path() / "out"});
  EXPECT_EQ(result.status, 1);
  EXPECT_THAT(result.err, HasSubstr("no method's row has a number"));
}

// Workers are told the settings themselves, not where they stand.
TEST(BadUse, APipeIsAsGoodAsAFile) {
  const TemporaryFolder scratch;
  const std::string file = scratch.write("good.yaml", kGood);
  const std::string command = "cat " + file + " | " + OUBLI_PROGRAM + " run /dev/stdin --store " +
                              (scratch.path() / "store").string() + " --output " +
                              (scratch.path() / "out").string() + " > /dev/null 2>&1";
  EXPECT_EQ(WEXITSTATUS(std::system(command.c_str())), 0);
  EXPECT_TRUE(fs::exists(scratch.path() / "out/results.json"));
}

// Rows that a file lists are read once, however often a worker has to be started.
TEST(BadUse, AListOfRowsMayChangeWhileARunGoesOn) {
  const TemporaryFolder scratch;
  scratch.write("rows.txt", "0\n1\n2\n");
  std::string text = kGood;
  text.replace(text.find("{random: {fraction: 0.1}}"), 25, "{indices: rows.txt}");
  text.replace(text.find("epochs: 1}"), 10, "epochs: 20000}");
  scratch.write("rows.yaml", text);
  // The lock of a stage that is being done names the worker's process.
  const std::string script = fmt::format(
      "cd {} || exit 99\n"
      "{} run rows.yaml --jobs 1 --store store --output out > /dev/null 2> errors & run=$!\n"
      "until worker=$(sed -n 's/^process \\([0-9]*\\) on .*/\\1/p' store/locks/* 2>/dev/null) &&\n"
      "      [ -n \"$worker\" ] && echo 5 > rows.txt && kill -9 $worker; do\n"
      "  kill -0 $run || exit 98\n"
      "  sleep 0.01\n"
      "done 2> /dev/null\n"
      "wait $run",
      scratch.path().string(), OUBLI_PROGRAM);
  EXPECT_EQ(WEXITSTATUS(std::system(script.c_str())), 0);
  EXPECT_THAT(testing::read_text(scratch.path() / "errors"), HasSubstr("trying once more"));
  EXPECT_THAT(testing::read_text(scratch.path() / "out/forget_set.txt"), HasSubstr("0\n1\n2\n"));
}

}  // namespace
}  // namespace oubli
