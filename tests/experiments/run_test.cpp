// End to end: experiment files through the real program.
#include <ATen/ATen.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <fstream>
#include <map>
#include <random>
#include <sstream>
#include <thread>

#include "core/base/settings.h"
#include "core/nn/tensor_file.h"
#include "experiments/engine/run/store.h"
#include "tests/support/files.h"
#include "tests/support/program.h"

extern char** environ;  // NOLINT: POSIX names it

namespace oubli {
namespace {

namespace fs = std::filesystem;
using testing::ProgramResult;
using testing::run_program;
using testing::TemporaryFolder;
using testing::without_times;

const char* const kSmall = R"(
title: small
data: {name: gaussian_classes, classes: 3, features: 6, examples: 300, test_examples: 100}
model: {name: logistic}
train: {l2: 1.0e-3, optimizer: {name: sgd, lr: 0.2, momentum: 0.9}, epochs: 5, batch_size: 32}
edit: {remove: {random: {fraction: 0.1}}}
methods:
  - retrain
  - finetune: {epochs: 1}
  - newton: {as: newton_ggn, curvature: ggn}
  - fisher_forgetting
seeds: {training: 2, oracle: 2, unlearning: 2}
)";

Json results_of(const fs::path& output) {
  return Json::parse(read_text_file(output / "results.json"));
}

std::vector<std::string> run_arguments(const std::string& file, const TemporaryFolder& scratch,
                                       const std::string& name) {
  return {"run",      file,
          "--store",  scratch.path() / ("store-" + name),
          "--output", scratch.path() / ("out-" + name)};
}

TEST(Run, WritesEveryFileAndPrintsTheTable) {
  const TemporaryFolder scratch;
  const ProgramResult result =
      run_program(run_arguments(scratch.write("small.yaml", kSmall), scratch, "a"));
  ASSERT_EQ(result.status, 0) << result.err;
  for (const char* row : {"original", "retrain", "finetune", "newton_ggn", "noise floor"}) {
    EXPECT_NE(result.out.find(row), std::string::npos) << row;
  }
  for (const char* name :
       {"results.json", "table.md", "table.csv", "cells.csv", "table.tex", "resolved.yaml",
        "environment.json", "forget_set.txt", "rows.csv", "evidence.json", "report.html"}) {
    EXPECT_TRUE(fs::exists(scratch.path() / "out-a" / name)) << name;
  }
  const Json results = results_of(scratch.path() / "out-a");
  for (const Json& row : results.at("rows")) {
    const Json& cell = row.at("cells").at("accuracy/test");
    EXPECT_EQ(cell.at("n"), 2);
    EXPECT_TRUE(cell.at("half_width_95").is_number());
  }
}

// Enough to compute a metric again: each example's set and labels, and what attackers' models saw.
TEST(Run, WritesWhichExamplesAreWhereAndWhatAttackersTrainedOn) {
  const TemporaryFolder scratch;
  std::string text = kSmall;
  text.replace(text.find("{random: {fraction: 0.1}}"), 25, "{mislabelled: {fraction: 0.1}}");
  text += "measure: [accuracy, lira, ulira]\n";
  text.replace(text.find("unlearning: 2}"), 14, "shadow: 4}");
  const fs::path output = scratch.path() / "out-a";
  ASSERT_EQ(run_program(run_arguments(scratch.write("small.yaml", text), scratch, "a")).status, 0);
  std::istringstream table(read_text_file(output / "rows.csv"));
  std::string line;
  std::getline(table, line);
  EXPECT_EQ(line, "row,set,label,true_label");
  std::map<std::string, int> sizes;
  std::vector<bool> is_forgotten;
  while (std::getline(table, line)) {
    int row = 0, label = 0, true_label = 0;
    char set[16];
    ASSERT_EQ(std::sscanf(line.c_str(), "%d,%15[a-z],%d,%d", &row, set, &label, &true_label), 4);
    EXPECT_EQ(row, is_forgotten.size());
    ++sizes[set];
    is_forgotten.push_back(std::string(set) == "forget");
    EXPECT_EQ(label != true_label, is_forgotten.back()) << line;
  }
  EXPECT_EQ(sizes, (std::map<std::string, int>{{"retain", 270}, {"forget", 30}, {"test", 100}}));

  const TensorFile file = read_tensors(output / "attackers.safetensors");
  std::map<std::string, Tensor> masks(file.tensors.begin(), file.tensors.end());
  ASSERT_EQ(masks.at("trained_on").sizes(), at::IntArrayRef({4, 400}));
  ASSERT_EQ(masks.at("forgot").sizes(), at::IntArrayRef({4, 400}));
  // Halves of the whole population, and of the audited examples, in pairs.
  const Tensor all = at::ones({400}, at::kBool);
  EXPECT_TRUE(masks.at("trained_on")[0].logical_xor(masks.at("trained_on")[1]).equal(all));
  const Tensor audited = masks.at("forgot")[2].logical_xor(masks.at("forgot")[3]);
  EXPECT_EQ(audited.sum().item<int>(), 60);
  for (std::size_t row = 0; row < is_forgotten.size(); ++row) {
    if (is_forgotten[row]) {
      EXPECT_TRUE(audited[static_cast<int>(row)].item<bool>());
    }
  }
}

TEST(Run, ResultsDoNotDependOnJobsAndComeFromTheStoreTheSecondTime) {
  const TemporaryFolder scratch;
  const std::string file = scratch.write("small.yaml", kSmall);
  auto one = run_arguments(file, scratch, "one");
  one.insert(one.end(), {"--jobs", "1"});
  auto two = run_arguments(file, scratch, "two");
  two.insert(two.end(), {"--jobs", "2"});
  ASSERT_EQ(run_program(one).status, 0);
  ASSERT_EQ(run_program(two).status, 0);
  EXPECT_EQ(without_times(results_of(scratch.path() / "out-one")).dump(),
            without_times(results_of(scratch.path() / "out-two")).dump());
  const std::string before = read_text_file(scratch.path() / "out-one" / "results.json");
  const ProgramResult again = run_program(one);
  EXPECT_EQ(again.status, 0);
  EXPECT_EQ(read_text_file(scratch.path() / "out-one" / "results.json"), before)
      << "times included";
}

TEST(Run, ADamagedEntryIsNamedAndDoneAgain) {
  const TemporaryFolder scratch;
  const auto arguments = run_arguments(scratch.write("small.yaml", kSmall), scratch, "a");
  ASSERT_EQ(run_program(arguments).status, 0);
  const Json before = without_times(results_of(scratch.path() / "out-a"));
  const Store store(scratch.path() / "store-a");
  std::string victim;
  for (const std::string& key : store.keys()) {
    if (fs::exists(store.entry(key) / "metrics.json")) victim = key;
  }
  std::string text = read_text_file(store.entry(victim) / "metrics.json");
  text[text.size() / 2] ^= 1;
  std::ofstream(store.entry(victim) / "metrics.json", std::ios::binary) << text;
  EXPECT_EQ(run_program({"store", "verify", "--store", scratch.path() / "store-a"}).status, 1);
  const ProgramResult again = run_program(arguments);
  EXPECT_EQ(again.status, 0);
  EXPECT_NE(again.err.find("damaged in the store"), std::string::npos) << again.err;
  EXPECT_EQ(without_times(results_of(scratch.path() / "out-a")).dump(), before.dump());
  EXPECT_EQ(run_program({"store", "verify", "--store", scratch.path() / "store-a"}).status, 0);
  // Nor does an unreadable description of what nothing needs any more end a run.
  for (const std::string& key : store.keys()) {
    if (store.describe(key).at("label") == "original 0") {
      std::ofstream(store.entry(key) / "entry.json", std::ios::binary) << "{";
    }
  }
  ASSERT_EQ(run_program(arguments).status, 0);
  EXPECT_EQ(without_times(results_of(scratch.path() / "out-a")).at("rows").dump(),
            before.at("rows").dump());
}

TEST(Run, AStageThatFailsFailsItsRowsAndTheOthersGoOn) {
  const TemporaryFolder scratch;
  std::string text = kSmall;
  text.replace(text.find("  - fisher_forgetting"), 21,
               "  - gradient_ascent: {lr: 1.0e+300, bound: 1.0e+308}");
  const ProgramResult result =
      run_program(run_arguments(scratch.write("small.yaml", text), scratch, "a"));
  EXPECT_NE(result.out.find("diverged"), std::string::npos) << result.out << result.err;
  EXPECT_TRUE(
      results_of(scratch.path() / "out-a").at("rows")[2].at("cells").contains("accuracy/test"));
}

TEST(Run, ASweepChoosesSettingsAndItsTrialsArePaidFor) {
  const TemporaryFolder scratch;
  std::string text = kSmall;
  text.replace(text.find("test_examples: 100"), 18, "test_examples: 100, validation_fraction: 0.2");
  text.replace(text.find("  - finetune: {epochs: 1}"), 25,
               "  - finetune: {sweep: {over: {lr: [0.05, 3.0e+3], epochs: [1, 2]}}}\n"
               "  - finetune: {as: by_hand, lr: 0.05, epochs: 1}");
  const ProgramResult result =
      run_program(run_arguments(scratch.write("small.yaml", text), scratch, "a"));
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_NE(result.out.find("of 4 trials"), std::string::npos) << result.out;
  const Json rows = results_of(scratch.path() / "out-a").at("rows");
  const Json& swept = rows.at(2).at("models").at(0);
  const Json& by_hand = rows.at(3).at("models").at(0);
  const Json& sweep = swept.at("report").at("sweep");
  ASSERT_EQ(sweep.at("trials").size(), 4u);
  const Json& chosen = sweep.at("trials").at(sweep.at("chosen").get<std::size_t>());
  EXPECT_EQ(chosen.at("changed").at("lr"), 0.05);  // the other learning rate ruins the model
  for (const Json& trial : sweep.at("trials")) {
    if (trial.at("value").is_number()) {
      EXPECT_LE(chosen.at("value").get<double>(), trial.at("value").get<double>());
    }
  }
  // Two trials of one epoch, two of two, and the run itself.
  const double epoch = by_hand.at("report").at("sample_gradients");
  EXPECT_EQ(swept.at("report").at("sample_gradients"),
            epoch * (6 + chosen.at("changed").at("epochs").get<double>()));
  EXPECT_EQ(swept.at("values").at("sample_gradients"), swept.at("report").at("sample_gradients"));
  // What is written as resolved reads back as the same experiment: nothing is run again.
  const ProgramResult again =
      run_program({"run", scratch.path() / "out-a" / "resolved.yaml", "--store",
                   scratch.path() / "store-a", "--output", scratch.path() / "out-b"});
  ASSERT_EQ(again.status, 0) << again.err;
  EXPECT_EQ(results_of(scratch.path() / "out-b").at("rows"), rows);
}

// With six oracles the first three choose, and the row is held against the others and their floor.
TEST(Run, ASweepIsJudgedByOraclesThatDidNotChoose) {
  const TemporaryFolder scratch;
  std::string text = kSmall;
  text.replace(text.find("test_examples: 100"), 18, "test_examples: 100, validation_fraction: 0.2");
  text.replace(text.find("  - finetune: {epochs: 1}"), 25,
               "  - finetune: {sweep: {over: {lr: [0.05, 0.1]}}}");
  text.replace(text.find("oracle: 2"), 9, "oracle: 6");
  const std::string file = scratch.write("small.yaml", text);
  ASSERT_EQ(run_program(run_arguments(file, scratch, "a")).status, 0);
  const Json results = results_of(scratch.path() / "out-a");
  const Json& rows = results.at("rows");
  EXPECT_EQ(rows.at(1).at("noise_floor"), "noise floor");
  EXPECT_EQ(rows.at(2).at("noise_floor"), "noise floor of swept rows");
  ASSERT_EQ(rows.back().at("name"), "noise floor of swept rows");
  ASSERT_EQ(rows.back().at("models").size(), 3u);
  EXPECT_EQ(rows.back().at("models").at(0).at("training_seed"), 3);
  const auto text_of = [](const Json& of, const char* row) {
    return of.at("verdicts").at(row).at("text").get<std::string>();
  };
  const std::string chosen = "settings chosen by the oracles that judge";
  EXPECT_EQ(text_of(results, "finetune").find(chosen), std::string::npos);
  EXPECT_FALSE(results.at("verdicts").contains("noise floor of swept rows"));

  std::vector<std::string> few = run_arguments(file, scratch, "b");
  few.insert(few.end(), {"--set", "seeds.oracle=5"});
  ASSERT_EQ(run_program(few).status, 0);
  const Json same = results_of(scratch.path() / "out-b");
  EXPECT_NE(text_of(same, "finetune").find(chosen), std::string::npos);
  EXPECT_EQ(text_of(same, "retrain").find(chosen), std::string::npos);
  EXPECT_EQ(same.at("rows").back().at("name"), "noise floor");
}

// Equal keys give equal bits on one kind of machine. What is made on two says so.
TEST(Run, ResultsOfUnlikeMachinesSaySo) {
  const TemporaryFolder scratch;
  const std::string file = scratch.write("small.yaml", kSmall);
  std::vector<std::string> first = run_arguments(file, scratch, "a");
  first.insert(first.end(), {"--set", "seeds.training=1"});
  const ProgramResult alike = run_program(first);
  ASSERT_EQ(alike.status, 0) << alike.err;
  EXPECT_EQ(alike.out.find("unlike machines"), std::string::npos);
  const ProgramResult mixed =
      run_program(run_arguments(file, scratch, "a"), "ATEN_CPU_CAPABILITY=default");
  ASSERT_EQ(mixed.status, 0) << mixed.err;
  EXPECT_NE(mixed.out.find("made on unlike machines"), std::string::npos) << mixed.out;
  const Json environment =
      Json::parse(read_text_file(scratch.path() / "out-a" / "environment.json"));
  ASSERT_EQ(environment.at("stages_made_on").size(), 2u);
  EXPECT_NE(environment.at("stages_made_on").at(0).at("variables"),
            environment.at("stages_made_on").at(1).at("variables"));
  EXPECT_FALSE(environment.at("machine").contains("threads"));
  EXPECT_EQ(environment.at("stages_made_on").at(0).at("threads"), 1);
}

// Settings are chosen without a look at the test set: another one changes no trial.
TEST(Run, ASweepNeverReadsTheTestSet) {
  const TemporaryFolder scratch;
  std::vector<Json> sweeps, tested;
  for (const char* examples : {"100", "37"}) {
    std::string text = kSmall;
    text.replace(text.find("test_examples: 100"), 18,
                 fmt::format("test_examples: {}, validation_fraction: 0.2", examples));
    text.replace(text.find("  - finetune: {epochs: 1}"), 25,
                 "  - finetune: {sweep: {over: {lr: [0.01, 0.05, 0.4]}}}");
    const ProgramResult result =
        run_program(run_arguments(scratch.write("small.yaml", text), scratch, examples));
    ASSERT_EQ(result.status, 0) << result.err;
    const Json row = results_of(scratch.path() / (std::string("out-") + examples)).at("rows").at(2);
    sweeps.push_back(without_times(row.at("models").at(0).at("report").at("sweep")));
    tested.push_back(row.at("cells").at("loss/test").at("mean"));
  }
  EXPECT_EQ(sweeps[0].dump(), sweeps[1].dump());
  EXPECT_NE(tested[0], tested[1]);
}

// Parameters may be finite and too large for any output to be.
TEST(Run, AModelWhoseOutputsAreNotFiniteHasDiverged) {
  const TemporaryFolder scratch;
  std::string text = kSmall;
  text.replace(text.find("{name: logistic}"), 16, "{name: mlp, hidden: [8, 8]}");
  text.replace(text.find("  - fisher_forgetting"), 21, "  - fisher_forgetting: {alpha: 1.0e+30}");
  const ProgramResult result =
      run_program(run_arguments(scratch.write("small.yaml", text), scratch, "a"));
  EXPECT_NE(result.out.find("outputs are not finite"), std::string::npos) << result.out;
  const Json row = results_of(scratch.path() / "out-a").at("rows").at(4);
  EXPECT_EQ(row.at("name"), "fisher_forgetting");
  EXPECT_EQ(row.at("trouble"), "diverged 4/4");
  EXPECT_TRUE(row.at("cells").empty());
}

TEST(Run, MetricsThatTrainMoreOrLookAtAllModelsReachTheTable) {
  const TemporaryFolder scratch;
  const std::string measure =
      "measure: [accuracy, loss, gaps, membership, mia_svc, ulira, relearning, klom]\n"
      "relearn: {epochs: 3}\n";
  std::string text = std::string(kSmall) + measure;
  const std::string seeds = "seeds: {training: 2, oracle: 2, unlearning: 2}";
  text.replace(text.find(seeds), seeds.size(),
               "seeds: {training: 3, oracle: 6, unlearning: 1, shadow: 6}");
  const auto arguments = run_arguments(scratch.write("more.yaml", text), scratch, "more");
  const ProgramResult result = run_program(arguments);
  ASSERT_EQ(result.status, 0) << result.err;
  const Json rows = results_of(scratch.path() / "out-more").at("rows");
  ASSERT_EQ(rows.size(), 6u);
  for (const Json& row : rows) {
    const Json& cells = row.at("cells");
    for (const char* column : {"tow_mia", "ulira_auc", "ulira_epsilon", "relearn_epochs",
                               "anamnesis_index", "klom/forget"}) {
      ASSERT_TRUE(cells.contains(column)) << row.at("name") << " " << column;
    }
    EXPECT_TRUE(cells.at("klom/forget").at("half_width_95").is_number());
    const double auc = cells.at("ulira_auc").at("mean");
    EXPECT_GE(auc, 0);
    EXPECT_LE(auc, 1);
  }
  // The original has what it is asked to relearn.
  EXPECT_EQ(rows[0].at("cells").at("relearn_epochs").at("mean"), 0);
  const std::string folder = scratch.path() / "out-more";
  const ProgramResult shown = run_program({"show", folder, "--all"});
  EXPECT_EQ(shown.status, 0) << shown.err;
  EXPECT_NE(shown.out.find("U-LiRA AUC"), std::string::npos);
  EXPECT_EQ(shown.out, run_program({"show", folder + "/results.json", "--all"}).out);

  const ProgramResult ranked = run_program({"rank", folder});
  EXPECT_EQ(ranked.status, 0) << ranked.err;
  EXPECT_NE(ranked.out.find("Critical difference"), std::string::npos) << ranked.out;
  const ProgramResult over =
      run_program({"rank", folder, folder, "--blocks", "results", "--against", "retrain"});
  EXPECT_EQ(over.status, 0) << over.err;
  EXPECT_NE(over.out.find("over 2 blocks (2 results, each the mean"), std::string::npos)
      << over.out;
  EXPECT_NE(over.out.find("original - retrain"), std::string::npos) << over.out;
  EXPECT_EQ(over.out.find("original - finetune"), std::string::npos) << over.out;
  const ProgramResult nobody = run_program({"rank", folder, "--against", "retrian"});
  EXPECT_EQ(nobody.status, 2);
  EXPECT_NE(nobody.err.find("retrain"), std::string::npos) << nobody.err;
  const ProgramResult unknown = run_program({"rank", folder, "--by", "avg_gab"});
  EXPECT_EQ(unknown.status, 2);
  EXPECT_NE(unknown.err.find("avg_gap"), std::string::npos) << unknown.err;
  const ProgramResult variance = run_program({"variance", folder});
  EXPECT_EQ(variance.status, 0) << variance.err;
  EXPECT_NE(variance.out.find("standard deviation"), std::string::npos);
}

// Twenty runs, each killed at a random moment; the store must never hold half a stage, and the
// results at the end must be those of an undisturbed run.
TEST(Run, SurvivesKillsAtRandomMoments) {
  const TemporaryFolder scratch;
  std::string text = kSmall;
  text.replace(text.find("epochs: 5"), 9, "epochs: 40");
  const std::string file = scratch.write("small.yaml", text);
  const auto arguments = run_arguments(file, scratch, "killed");
  std::vector<std::string> words = {OUBLI_PROGRAM};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> pointers;
  pointers.reserve(words.size() + 1);
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  std::mt19937 random(1);
  for (int kill = 0; kill < 20; ++kill) {
    pid_t process = 0;
    posix_spawn_file_actions_t quiet;
    posix_spawn_file_actions_init(&quiet);
    posix_spawn_file_actions_addopen(&quiet, 1, "/dev/null", 1, 0);
    posix_spawn_file_actions_addopen(&quiet, 2, "/dev/null", 1, 0);
    ASSERT_EQ(::posix_spawn(&process, OUBLI_PROGRAM, &quiet, nullptr, pointers.data(), environ), 0);
    posix_spawn_file_actions_destroy(&quiet);
    std::this_thread::sleep_for(std::chrono::milliseconds(100 + random() % 1400));
    ::kill(process, SIGKILL);
    ::waitpid(process, nullptr, 0);
    std::this_thread::sleep_for(std::chrono::milliseconds(50));  // the system ends the workers
    const Store store(scratch.path() / "store-killed");
    for (const std::string& key : store.keys()) {
      EXPECT_EQ(store.check(key, true).state, Store::State::kSound) << key;
    }
  }
  ASSERT_EQ(run_program(arguments).status, 0);
  ASSERT_EQ(run_program(run_arguments(file, scratch, "calm")).status, 0);
  EXPECT_EQ(without_times(results_of(scratch.path() / "out-killed")).dump(),
            without_times(results_of(scratch.path() / "out-calm")).dump());
}

TEST(Run, ForgetSetCanBeReadBack) {
  const TemporaryFolder scratch;
  ASSERT_EQ(run_program(run_arguments(scratch.write("small.yaml", kSmall), scratch, "a")).status,
            0);
  std::string text = kSmall;
  text.replace(text.find("{random: {fraction: 0.1}}"), 25,
               "{indices: " + (scratch.path() / "out-a" / "forget_set.txt").string() + "}");
  ASSERT_EQ(run_program(run_arguments(scratch.write("again.yaml", text), scratch, "b")).status, 0);
  const Json a = without_times(results_of(scratch.path() / "out-a"));
  const Json b = without_times(results_of(scratch.path() / "out-b"));
  EXPECT_EQ(a.at("rows").dump(), b.at("rows").dump());
}

// What looks at all shadows is done again where one has other content, though another is missing.
TEST(Run, AGroupIsComparedThoughAMemberIsGone) {
  const TemporaryFolder scratch;
  std::string text = std::string(kSmall) + "measure: [accuracy, lira]\n";
  const std::string seeds = "seeds: {training: 2, oracle: 2, unlearning: 2}";
  text.replace(text.find(seeds), seeds.size(), "seeds: {training: 1, oracle: 1, shadow: 4}");
  const auto arguments = run_arguments(scratch.write("small.yaml", text), scratch, "a");
  ASSERT_EQ(run_program(arguments).status, 0);
  const Store store(scratch.path() / "store-a");
  std::vector<std::string> shadows;
  std::string user;
  for (const std::string& key : store.keys()) {
    const std::string label = store.describe(key).at("label");
    if (label.starts_with("predictions of shadow")) shadows.push_back(key);
    if (label == "metrics of original 0") user = key;
  }
  ASSERT_EQ(shadows.size(), 4u);
  ASSERT_FALSE(user.empty());
  const Json before = store.describe(user).at("inputs");
  // The first is replaced by an entry that is sound and not the same, the second is removed.
  const fs::path aside = scratch.path() / "aside";
  fs::copy(store.entry(shadows[0]), aside);
  Json description = store.describe(shadows[0]);
  const Json inputs = description.at("inputs");
  store.discard(shadows[0]);
  store.discard(shadows[1]);
  store.produce({.key = shadows[0],
                 .description = description,
                 .work =
                     [&](const fs::path& folder) {
                       fs::remove(aside / "entry.json");
                       fs::copy(aside, folder);
                       Json report = Json::parse(read_text_file(folder / "report.json"));
                       report["note"] = "another";
                       std::ofstream(folder / "report.json") << report.dump();
                     },
                 .inputs = [&] { return inputs.get<Store::Contents>(); }});
  ASSERT_EQ(run_program(arguments).status, 0);
  store.look_again();
  EXPECT_TRUE(fs::exists(store.entry(shadows[1])));
  EXPECT_NE(store.describe(user).at("inputs").dump(), before.dump());
}

TEST(Ridge, TheShippedNewtonRowIsAtDistanceZero) {
  const TemporaryFolder scratch;
  const ProgramResult result = run_program(run_arguments(
      (fs::path(OUBLI_SOURCE_DIR) / "experiments/ridge.yaml").string(), scratch, "ridge"));
  ASSERT_EQ(result.status, 0) << result.err;
  const Json results = results_of(scratch.path() / "out-ridge");
  int seen = 0;
  for (const Json& row : results.at("rows")) {
    if (row.at("name") == "newton" || row.at("name") == "newton_removed") {
      ++seen;
      EXPECT_LT(row.at("cells").at("distance").at("mean").get<double>(), 1e-10);
    }
  }
  EXPECT_EQ(seen, 2);
}

TEST(OtherCommands, Work) {
  const TemporaryFolder scratch;
  const std::string file = scratch.write("small.yaml", kSmall);
  const ProgramResult check = run_program({"check", file, "--keys"});
  EXPECT_EQ(check.status, 0) << check.err;
  EXPECT_NE(check.out.find("momentum"), std::string::npos);
  EXPECT_FALSE(fs::exists(scratch.path() / "store"));
  const ProgramResult list = run_program({"list"});
  EXPECT_EQ(list.status, 0);
  std::istringstream entries(list.out);
  for (std::string line; std::getline(entries, line);) EXPECT_LE(line.size(), 80u) << line;
  for (const char* name : {"newton", "digits", "mlp", "accuracy", "train", "edit", "cg"}) {
    EXPECT_EQ(run_program({"describe", name}).status, 0) << name;
  }
  EXPECT_EQ(run_program({"describe", "newtn"}).status, 2);
  const std::size_t at = check.out.find(" retrain   oracle 0");
  ASSERT_NE(at, std::string::npos);
  const std::string key = check.out.substr(at - 64, 64);
  const std::string store = scratch.path() / "store";
  const ProgramResult stage = run_program({"stage", key, file, "--store", store});
  EXPECT_EQ(stage.status, 0) << stage.err;
  EXPECT_NE(run_program({"stage", key, file, "--store", store}).out.find("already there"),
            std::string::npos);
  EXPECT_NE(run_program({"store", "ls", "--store", store}).out.find("oracle 0"), std::string::npos);
}

// Whoever writes a file or a method's formula down again has it all from here.
TEST(Describe, SaysTheFormulaAndEverySettingOfEveryChoice) {
  const std::string newton = run_program({"describe", "newton"}).out;
  EXPECT_NE(newton.find("(C + mu I)^-1 grad J"), std::string::npos) << newton;
  EXPECT_NE(newton.find("solver.rank (with lanczos)"), std::string::npos) << newton;
  const std::string train = run_program({"describe", "train"}).out;
  for (const char* setting :
       {"optimizer.beta1 (with adam, adamw)", "optimizer.weight_decay (with adamw)",
        "optimizer.tolerance (with lbfgs)", "schedule.start_divisor (with one_cycle)"}) {
    EXPECT_NE(train.find(setting), std::string::npos) << setting << "\n" << train;
  }
  const std::vector<std::pair<std::string, std::string>> parts = {
      {"experiment", "relearn.epochs"},    {"optimizer", "optimizer.beta2"},
      {"schedule", "schedule.every"},      {"seeds", "seeds.oracle"},
      {"verdict", "verdict.margin"},       {"relearn", "relearn.lr"},
      {"sweep", "budget.sample_gradients"}};
  for (const auto& [part, setting] : parts) {
    const ProgramResult shown = run_program({"describe", part});
    EXPECT_NE(shown.out.find("  " + setting), std::string::npos) << part << shown.out << shown.err;
  }
}

TEST(Influence, ListsWhatMattersForAPredictionAndTheRetrainedEffect) {
  const TemporaryFolder scratch;
  const std::string file = scratch.write("small.yaml", R"(
data: {name: gaussian_classes, classes: 3, features: 4, examples: 150, test_examples: 20}
model: {name: logistic, dtype: float64}
train: {l2: 1.0e-2, optimizer: {name: lbfgs, tolerance: 1.0e-9}}
edit: {remove: {random: {count: 1}}}
methods: [retrain]
)");
  const std::vector<std::string> ask = {"influence", file,
                                        "--store",   scratch.path() / "store",
                                        "--output",  scratch.path() / "output",
                                        "--test",    "3",
                                        "--top",     "2"};
  std::vector<std::string> retrain = ask;
  retrain.insert(retrain.end(), {"--retrain", "1", "--solve", "curvature: hessian, damping: 0"});
  const ProgramResult first = run_program(retrain);
  EXPECT_EQ(first.status, 0) << first.err;
  EXPECT_NE(first.out.find("Test example 3"), std::string::npos) << first.out;
  // The last two lines are the two examples; the first of them has both numbers, nearly equal.
  double predicted = 0, retrained = 0;
  const std::size_t line = first.out.find("\n    1 ");
  ASSERT_NE(line, std::string::npos) << first.out;
  ASSERT_EQ(std::sscanf(first.out.c_str() + line, " 1 %*d %*s %lf %lf", &predicted, &retrained), 2)
      << first.out;
  EXPECT_NEAR(retrained / predicted, 1, 0.25) << first.out;
  EXPECT_NE(first.out.find("l2 n / (n - 1)"), std::string::npos) << first.out;
  // All digits, of all 150 examples.
  const Json file_of_effects =
      Json::parse(read_text_file(scratch.path() / "output" / "influence-test-3.json"));
  ASSERT_EQ(file_of_effects.at("effects").size(), 150);
  const Json& largest = file_of_effects.at("effects")[0];
  EXPECT_NEAR(largest.at("predicted_effect").get<double>() / predicted, 1, 1e-3);
  EXPECT_NEAR(largest.at("retrained_effect").get<double>() / retrained, 1, 1e-3);
  const std::string csv = read_text_file(scratch.path() / "output" / "influence-test-3.csv");
  EXPECT_EQ(std::count(csv.begin(), csv.end(), '\n'), 151);
  EXPECT_NE(csv.find(fmt::format("\n{},{},{},", largest.at("row").get<int>(),
                                 largest.at("predicted_effect").get<double>(),
                                 largest.at("retrained_effect").get<double>())),
            std::string::npos)
      << csv.substr(0, 200);
  const ProgramResult beyond = run_program({"influence", file, "--test", "20"});
  EXPECT_EQ(beyond.status, 2);
  EXPECT_NE(beyond.err.find("0 to 19"), std::string::npos) << beyond.err;
}

TEST(Influence, RefusesWhereTheSolveDoes) {
  const TemporaryFolder scratch;
  const std::string file = scratch.write("small.yaml", R"(
data: {name: gaussian_classes, classes: 3, features: 4, examples: 150, test_examples: 20}
model: {name: mlp, hidden: [8], dtype: float64}
train: {epochs: 2}
edit: {remove: {random: {count: 1}}}
methods: [retrain]
)");
  const ProgramResult result = run_program(
      {"influence", file, "--store", scratch.path() / "store", "--output", scratch.path() / "out",
       "--test", "0", "--solve", "curvature: hessian, damping: 0, on_negative_curvature: fail"});
  EXPECT_EQ(result.status, 1) << result.out;
  EXPECT_NE(result.out.find("No effects: "), std::string::npos) << result.out;
  EXPECT_EQ(result.out.find("Effect on its loss"), std::string::npos) << result.out;
}

TEST(Curvature, ShowsTheSpectrumTheDampingAndTheCost) {
  const TemporaryFolder scratch;
  const std::string file = scratch.write("small.yaml", R"(
title: Three clouds
data: {name: gaussian_classes, classes: 3, features: 4, examples: 150, test_examples: 20}
model: {name: logistic, dtype: float64}
train: {l2: 1.0e-2, optimizer: {name: lbfgs, tolerance: 1.0e-9}}
edit: {remove: {random: {count: 1}}}
methods: [retrain]
)");
  for (const std::string curvature : {"hessian", "ggn", "kfac", "ekfac"}) {
    const ProgramResult shown = run_program({"curvature", file, "--store", scratch.path() / "store",
                                             "--curvature", curvature, "--probes", "2"});
    EXPECT_EQ(shown.status, 0) << shown.err;
    EXPECT_NE(shown.out.find("Three clouds\nThe original of seed 0: 15 parameters"),
              std::string::npos)
        << shown.out;
    // With as many steps as parameters the ends are exact; the model is at its minimum and the
    // regulariser is the smallest eigenvalue: one class more than needed has no gradient.
    double smallest = 0;
    const std::size_t line = shown.out.find("smallest eigenvalue");
    ASSERT_NE(line, std::string::npos) << shown.out;
    ASSERT_EQ(std::sscanf(shown.out.c_str() + line, "smallest eigenvalue %lf", &smallest), 1);
    if (curvature == "hessian" || curvature == "ggn") {
      EXPECT_NEAR(smallest, 1e-2, 1e-5);
    }
    EXPECT_NE(shown.out.find("Suggested damping "), std::string::npos) << shown.out;
    const bool by_structure = curvature == "kfac" || curvature == "ekfac";
    EXPECT_NE(shown.out.find(by_structure ? "A solve inverts it by its structure"
                                          : "A solve by conjugate gradients"),
              std::string::npos)
        << shown.out;
  }
  const ProgramResult wrong = run_program({"curvature", file, "--curvature", "hesian"});
  EXPECT_EQ(wrong.status, 2);
}

// Two classes by one output or by two: the same minimum, so nearly the same table.
TEST(Run, BinaryLogisticRunsFromTrainingToTheTable) {
  const TemporaryFolder scratch;
  const std::string file = scratch.write("small.yaml", R"(
data: {name: gaussian_classes, classes: 2, features: 4, examples: 150, test_examples: 40}
model: {name: logistic, dtype: float64}
train: {loss: binary_logistic, l2: 1.0e-2, optimizer: {name: lbfgs, tolerance: 1.0e-9}}
edit: {remove: {random: {count: 30}}}
methods: [retrain, {newton: {damping: 0, steps: 4, tolerance: 1.0e-9}}, {fisher_forgetting: {}}]
)");
  const ProgramResult run = run_program(
      {"run", file, "--store", scratch.path() / "store", "--output", scratch.path() / "out"});
  EXPECT_EQ(run.status, 0) << run.err;
  EXPECT_NE(run.out.find("test acc."), std::string::npos) << run.out;
  const ProgramResult wrong = run_program({"check", file, "--set", "data.classes=3"});
  EXPECT_EQ(wrong.status, 2);
  EXPECT_NE(wrong.err.find("binary_logistic, but the data has 3 classes"), std::string::npos)
      << wrong.err;
}

// Two seeds of each tell nothing apart.
TEST(Run, RankAndCompareSayWhereThePowerCheckDidNotPass) {
  const TemporaryFolder scratch;
  ASSERT_EQ(run_program(run_arguments(scratch.write("small.yaml", kSmall), scratch, "a")).status,
            0);
  const std::string folder = scratch.path() / "out-a";
  const std::string warning = folder + ": the power check did not pass";
  const ProgramResult ranked = run_program({"rank", folder, "--by", "accuracy/test"});
  EXPECT_NE(ranked.err.find(warning), std::string::npos) << ranked.err;
  const ProgramResult compared = run_program({"compare", folder, folder});
  EXPECT_NE(compared.err.find(warning), std::string::npos) << compared.err;
}

TEST(Run, ShowHasAFormForPrograms) {
  const TemporaryFolder scratch;
  ASSERT_EQ(run_program(run_arguments(scratch.write("small.yaml", kSmall), scratch, "a")).status,
            0);
  const std::string folder = scratch.path() / "out-a";
  const Json shown = Json::parse(run_program({"show", folder, "--json"}).out);
  EXPECT_EQ(shown.at("rows"), results_of(folder).at("rows"));
  EXPECT_TRUE(shown.contains("verdicts"));
  const std::string two =
      run_program({"show", folder, "--columns", "loss/test,accuracy/test", "--format", "csv"}).out;
  EXPECT_TRUE(
      two.starts_with("row,training_seed,unlearning_seed,status,verdict,loss/test,"
                      "accuracy/test\n"))
      << two;
}

}  // namespace
}  // namespace oubli
