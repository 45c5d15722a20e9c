// Plug-ins through the real program: the example of the manual, and one that prints and fails.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <cctype>
#include <cstdlib>
#include <fstream>

#include "tests/support/files.h"
#include "tests/support/program.h"

namespace oubli {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::ProgramResult;
using testing::run_program;
using testing::TemporaryFolder;

const std::string kExample = fmt::format("--plugin={}", OUBLI_EXAMPLE_PLUGIN);
const std::string kChatty = fmt::format("--plugin={}", OUBLI_CHATTY_PLUGIN);

std::string example_file(const std::string& name) {
  return (fs::path(OUBLI_SOURCE_DIR) / "experiments/custom_method" / name).string();
}

const char* const kWithChatty = R"(
title: small
data: {name: gaussian_classes, classes: 3, features: 6, examples: 200, test_examples: 60}
model: {name: logistic}
train: {l2: 1.0e-3, optimizer: {name: sgd, lr: 0.2}, epochs: 2, batch_size: 32}
edit: {remove: {random: {fraction: 0.1}}}
methods: [finetune, chatty]
seeds: {training: 2, oracle: 2}
measure: [accuracy]
)";

struct SmallRun {
  TemporaryFolder scratch;
  std::string file, store = scratch.path() / "store", output = scratch.path() / "out";

  explicit SmallRun(std::string text = kWithChatty) : file(scratch.write("small.yaml", text)) {}
  ProgramResult run(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments = {"run",      file,   "--store", store,
                                          "--output", output, kChatty};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_program(arguments);
  }
};

TEST(Plugin, BringsWhatEveryCommandKnows) {
  EXPECT_THAT(run_program({"list", kExample}).out, HasSubstr("my_neggrad_plus"));
  EXPECT_THAT(run_program({"describe", "my_neggrad_plus", kExample}).out, HasSubstr("alpha"));
  EXPECT_THAT(run_program({"describe", "my_rings", kExample}).out, HasSubstr("noise"));
  EXPECT_THAT(run_program({"explain", "my_confidence", kExample}).out, HasSubstr("Mean of p_y"));
  const ProgramResult check = run_program({"check", example_file("rings.yaml"), kExample});
  EXPECT_EQ(check.status, 0) << check.err;
  const ProgramResult without = run_program({"check", example_file("experiment.yaml")});
  EXPECT_EQ(without.status, 2);
  EXPECT_THAT(without.err, HasSubstr("--plugin"));
}

TEST(Plugin, ItsMethodGivesTheNumbersOfTheBuiltInOne) {
  const TemporaryFolder scratch;
  const ProgramResult run =
      run_program({"run", example_file("experiment.yaml"), kExample, "--store",
                   scratch.path() / "store", "--output", scratch.path() / "out"});
  ASSERT_EQ(run.status, 0) << run.err;
  const Json results = Json::parse(testing::read_text(scratch.path() / "out/results.json"));
  Json own, builtin;
  for (const Json& row : results.at("rows")) {
    if (row.at("name") == "my_neggrad_plus") own = row.at("cells");
    if (row.at("name") == "neggrad_plus") builtin = row.at("cells");
  }
  ASSERT_FALSE(own.is_null());
  EXPECT_EQ(own.at("loss/forget"), builtin.at("loss/forget"));
  EXPECT_EQ(own.at("sample_gradients"), builtin.at("sample_gradients"));
}

TEST(Plugin, ItsDataModelAndMetricRun) {
  const TemporaryFolder scratch;
  const ProgramResult run =
      run_program({"run", example_file("rings.yaml"), kExample, "--store", scratch.path() / "store",
                   "--output", scratch.path() / "out"});
  ASSERT_EQ(run.status, 0) << run.err;
  EXPECT_THAT(testing::read_text(scratch.path() / "out/table.csv"),
              HasSubstr("my_confidence/forget"));
}

TEST(Plugin, PassesTheSelftestOrIsToldWhy) {
  const ProgramResult example = run_program({"selftest", kExample});
  EXPECT_EQ(example.status, 0) << example.out;
  for (const char* name : {"my_neggrad_plus", "my_confidence", "my_rings", "my_bottleneck"}) {
    EXPECT_THAT(example.out, HasSubstr(name));
  }
  EXPECT_THAT(example.out, Not(HasSubstr("FAILED")));
  const ProgramResult chatty = run_program({"selftest", "chatty", kChatty});
  EXPECT_EQ(chatty.status, 1) << chatty.out;
  EXPECT_THAT(chatty.out, HasSubstr("it did nothing, and says not why"));
  const ProgramResult unknown = run_program({"selftest", "chatti", kChatty});
  EXPECT_EQ(unknown.status, 2);
  EXPECT_THAT(unknown.err, HasSubstr("'chatty'"));
}

TEST(Plugin, WhatIsNoneIsRefused) {
  const TemporaryFolder scratch;
  const auto refusal = [](const std::string& file) {
    const ProgramResult result = run_program({"list", "--plugin", file});
    EXPECT_EQ(result.status, 2);
    return result.err;
  };
  EXPECT_THAT(refusal(scratch.path() / "none.so"), HasSubstr("there is no such file"));
  EXPECT_THAT(refusal(scratch.write("text.so", "text")), HasSubstr("text.so"));
  EXPECT_THAT(refusal("/proc/self/exe"), HasSubstr("/proc/self/exe"));
  // The same names twice.
  const ProgramResult twice = run_program({"list", kExample, kExample});
  EXPECT_EQ(twice.status, 2);
  EXPECT_THAT(twice.err, HasSubstr("two entries for the method 'my_neggrad_plus'"));
}

TEST(Plugin, WhatItPrintsReachesTheUser) {
  const SmallRun small;
  const ProgramResult run = small.run({"--jobs", "1"});
  ASSERT_EQ(run.status, 0) << run.err;
  for (const std::string line : {"forgetting 20 examples", "of 200", "without end of line"}) {
    for (const std::string row : {"\nchatty, original 0: ", "\nchatty, original 1: "}) {
      EXPECT_THAT(run.err, HasSubstr(row + line + "\n"));
    }
  }
  EXPECT_THAT(run.err, HasSubstr("chatty, original 1: and saying so"));
}

TEST(Plugin, WhatItPrintedBeforeACrashReachesTheUser) {
  std::string text = kWithChatty;
  text.replace(text.find("[finetune, chatty]"), 18, "[finetune, {chatty: {crashes: true}}]");
  const SmallRun small(text);
  const ProgramResult run = small.run();
  EXPECT_EQ(run.status, 1);
  EXPECT_THAT(run.err, HasSubstr("chatty, original 0: forgetting 20 examples"));
  EXPECT_THAT(run.err, HasSubstr("chatty, original 0: of 200"));
}

// A store may have what another version of the plug-in made.
TEST(Plugin, ItsStagesAreDoneAgainWhereItsFileChanged) {
  const SmallRun small;
  const fs::path plugin = small.scratch.path() / "copy.so";
  fs::copy_file(OUBLI_CHATTY_PLUGIN, plugin);
  const std::vector<std::string> arguments = {"run",       small.file,     "--store",
                                              small.store, "--output",     small.output,
                                              "--plugin",  plugin.string()};
  ASSERT_EQ(run_program(arguments).status, 0);
  EXPECT_THAT(run_program(arguments).err, Not(HasSubstr("] chatty, original")));
  std::ofstream(plugin, std::ios::app) << 'x';
  const ProgramResult changed = run_program(arguments);
  ASSERT_EQ(changed.status, 0) << changed.err;
  for (const char* row : {"] chatty, original 0", "] chatty, original 1"}) {
    EXPECT_THAT(changed.err, HasSubstr(row));
  }
  for (const char* row : {"] finetune", "] original", "] oracle"}) {
    EXPECT_THAT(changed.err, Not(HasSubstr(row)));
  }
}

TEST(RunCommand, ItsStreamsShareAFileLineByLine) {
  const SmallRun small;
  ASSERT_EQ(small.run().status, 0);
  const std::string log = small.scratch.path() / "log";
  const std::string command =
      fmt::format("'{}' run '{}' --store '{}' --output '{}' '{}' >'{}' 2>&1", OUBLI_PROGRAM,
                  small.file, small.store, small.output, kChatty, log);
  ASSERT_EQ(std::system(command.c_str()), 0);
  const std::string text = testing::read_text(log);
  const std::size_t written = text.find("\nWritten to "), cached = text.find("came from the store");
  ASSERT_NE(cached, std::string::npos) << text;
  const std::size_t line = text.rfind('\n', cached) + 1;
  EXPECT_NE(std::isdigit(static_cast<unsigned char>(text[line])), 0) << text;
  EXPECT_LT(written, line);
}

TEST(Plugin, AFailedStageSaysHowItIsRunAlone) {
  std::string text = kWithChatty;
  text.replace(text.find("[finetune, chatty]"), 18, "[finetune, {chatty: {fails: true}}]");
  const SmallRun small(text);
  const ProgramResult run = small.run();
  EXPECT_EQ(run.status, 1);
  EXPECT_THAT(run.err, HasSubstr("it was told to fail"));
  const std::size_t at = run.err.find("alone: oubli ");
  ASSERT_NE(at, std::string::npos) << run.err;
  const std::string line = run.err.substr(at + 13, run.err.find('\n', at) - at - 13);
  EXPECT_THAT(line, HasSubstr("--force"));
  EXPECT_THAT(line, HasSubstr("--plugin "));
  std::vector<std::string> words;
  for (std::size_t i = 0; i < line.size();) {
    const std::size_t end = std::min(line.find(' ', i), line.size());
    words.push_back(line.substr(i, end - i));
    i = end + 1;
  }
  const ProgramResult alone = run_program(words);
  EXPECT_EQ(alone.status, 2);
  EXPECT_THAT(alone.err, HasSubstr("it was told to fail"));
}

TEST(StoreCommand, ARowIsDoneAgainWhereAsked) {
  const SmallRun small;
  ASSERT_EQ(small.run().status, 0);
  const ProgramResult again = small.run();
  EXPECT_THAT(again.err, Not(HasSubstr("] finetune")));
  EXPECT_THAT(again.err, HasSubstr("came from the store"));
  const ProgramResult fresh = small.run({"--fresh", "finetune"});
  ASSERT_EQ(fresh.status, 0) << fresh.err;
  EXPECT_THAT(fresh.err, HasSubstr("] finetune, original 0"));
  EXPECT_THAT(fresh.err, Not(HasSubstr("] chatty, original")));
  EXPECT_EQ(fresh.out, again.out);
  const ProgramResult unknown = small.run({"--fresh", "finetun"});
  EXPECT_EQ(unknown.status, 2);
  EXPECT_THAT(unknown.err, HasSubstr("'finetune'"));
}

TEST(StoreCommand, EntriesAreRemovedByKeyAndByRow) {
  const SmallRun small;
  ASSERT_EQ(small.run().status, 0);
  const std::string list = run_program({"store", "ls", "--store", small.store}).out;
  const std::string key = list.substr(0, 12);
  EXPECT_THAT(run_program({"store", "rm", key, "--store", small.store}).out,
              HasSubstr("1 entry removed"));
  const ProgramResult row = run_program({"store", "rm", "chatty", "--store", small.store});
  EXPECT_EQ(row.status, 0);
  EXPECT_THAT(run_program({"store", "ls", "--store", small.store}).out, Not(HasSubstr("chatty")));
  EXPECT_THAT(small.run().err, HasSubstr("] chatty, original 0"));
  EXPECT_EQ(run_program({"store", "rm", "nothing", "--store", small.store}).status, 1);
}

TEST(StoreCommand, RowsWhoseNamesArePartsOfOthersAreLeftAlone) {
  std::string text = kWithChatty;
  text.replace(text.find("[finetune, chatty]"), 18,
               "[finetune, finetune: {as: finetune 2, epochs: 2}, clipped]");
  const SmallRun small(text);
  ASSERT_EQ(small.run().status, 0);
  const auto stages_after = [&](const std::string& row) {
    EXPECT_EQ(run_program({"store", "rm", row, "--store", small.store}).status, 0);
    return run_program({"store", "ls", "--store", small.store}).out;
  };
  const std::string finetune = stages_after("finetune");
  for (const std::string label : {"finetune, original 0", "predictions of finetune, original 1",
                                  "metrics of finetune, original 1"}) {
    EXPECT_THAT(finetune, Not(HasSubstr("  " + label + "\n")));
  }
  const std::vector<std::string> kept = {"finetune 2, original 0", "clipped, original 0",
                                         "predictions of finetune 2, original 1"};
  for (const std::string& label : kept) EXPECT_THAT(finetune, HasSubstr("  " + label + "\n"));
  const std::string original = stages_after("original");
  for (const std::string& label : kept) EXPECT_THAT(original, HasSubstr("  " + label + "\n"));
  EXPECT_THAT(original, HasSubstr("  original 0 (clipped)\n"));
  EXPECT_THAT(original, Not(HasSubstr("  original 0\n")));
  EXPECT_THAT(original, Not(HasSubstr("  predictions of original 1\n")));
}

TEST(StageCommand, IsFoundByTheStartOfItsKeyAndDoneAgainByForce) {
  const SmallRun small;
  ASSERT_EQ(small.run().status, 0);
  const std::string list = run_program({"store", "ls", "--store", small.store}).out;
  std::string key;
  for (std::size_t at = 0; at < list.size(); at = list.find('\n', at) + 1) {
    const std::string line = list.substr(at, list.find('\n', at) - at);
    if (line.find("finetune, original 0") != std::string::npos) key = line.substr(0, 10);
  }
  ASSERT_FALSE(key.empty()) << list;
  const auto stage = [&](const std::vector<std::string>& more) {
    std::vector<std::string> arguments = {"stage",   key,         small.file,
                                          "--store", small.store, kChatty};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_program(arguments).out;
  };
  EXPECT_THAT(stage({}), HasSubstr("already there"));
  EXPECT_THAT(stage({"--force"}), HasSubstr("done"));
}

}  // namespace
}  // namespace oubli
