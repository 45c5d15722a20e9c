// resolved.yaml, which every run leaves behind, is the same experiment wherever it lies.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <regex>

#include "core/base/settings_file.h"
#include "experiments/engine/plan/plan.h"
#include "tests/support/files.h"

namespace oubli {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class Resolved : public ::testing::TestWithParam<std::string> {
 protected:
  std::vector<std::string> keys_of(Spec spec) const {
    const Experiment experiment = prepare_experiment(std::move(spec), default_data_folders(""));
    std::vector<std::string> keys;
    for (const Stage& stage : make_plan(experiment, registries_.metrics).stages) {
      keys.push_back(stage.key);
    }
    return keys;
  }
  // What a run would write, in a folder of its own, read again.
  Spec written_and_read(const Spec& spec) const {
    return load_spec(folder_.write("elsewhere/resolved.yaml", to_yaml(spec.resolved)), {},
                     registries_);
  }

  Registries registries_ = builtin_registries();
  testing::TemporaryFolder folder_;
};

TEST_P(Resolved, OfAShippedExperimentGivesTheSameKeys) {
  const fs::path file = fs::path(OUBLI_SOURCE_DIR) / "experiments" / GetParam();
  // A table that measures other things than verdicts rest on, too.
  const std::string others =
      GetParam() == "attribution.yaml" ? "measure=[lds]" : "measure=[accuracy, cost]";
  for (const std::vector<std::string>& overrides :
       {std::vector<std::string>{}, std::vector<std::string>{others}}) {
    const bool names_columns = GetParam().starts_with("verification");
    if (!overrides.empty() && names_columns) continue;
    const Spec spec = load_spec(file, overrides, registries_);
    const Spec again = written_and_read(spec);
    EXPECT_EQ(again.resolved, spec.resolved);
    std::vector<std::string> keys;
    try {
      keys = keys_of(spec);
    } catch (const Error& error) {
      ASSERT_EQ(error.kind(), ErrorKind::kData) << error.what();
      GTEST_SKIP() << "no data here for the keys: " << error.what();
    }
    EXPECT_EQ(keys_of(again), keys);
  }
}

// Two oracles give no verdict, and nobody should have to try how long a file takes.
TEST_P(Resolved, AShippedExperimentGivesVerdictsAndSaysHowLongItTakes) {
  const fs::path file = fs::path(OUBLI_SOURCE_DIR) / "experiments" / GetParam();
  const Spec spec = load_spec(file, {}, registries_);
  EXPECT_GE(spec.seeds.training, 3);
  EXPECT_GE(spec.seeds.oracle, 3);
  const std::string text = testing::read_text(file);
  EXPECT_TRUE(std::regex_search(text, std::regex("^(# .*\n)*# .*[0-9] (seconds|minutes)\\b")))
      << text.substr(0, 200);
}

std::vector<std::string> shipped_experiments() {
  std::vector<std::string> names;
  for (const auto& item : fs::directory_iterator(fs::path(OUBLI_SOURCE_DIR) / "experiments")) {
    if (item.path().extension() == ".yaml") names.push_back(item.path().filename());
  }
  std::sort(names.begin(), names.end());
  return names;
}

INSTANTIATE_TEST_SUITE_P(Shipped, Resolved, ::testing::ValuesIn(shipped_experiments()),
                         [](const auto& test) {
                           std::string name = fs::path(test.param).stem();
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

// Files that settings name are found from the folder of the file that names them, or from the
// present one where the command line does, and are recorded whole.
class NamedFiles : public Resolved {
 protected:
  NamedFiles() {
    std::string table = "a,b,y\n";
    for (int i = 0; i < 40; ++i) table += fmt::format("{},{},{}\n", i, i * i % 7, i % 2);
    folder_.write("data/t.csv", table);
    folder_.write("data/rows.txt", "1\n2\n5\n");
    folder_.write("experiments/e.yaml",
                  "data: {name: csv, file: ../data/t.csv, label: y, task: classification, "
                  "test_fraction: 0.1, validation_fraction: 0, split_seed: 0}\n"
                  "model: {name: logistic}\ntrain: {epochs: 1}\n"
                  "edit: {remove: {indices: ../data/rows.txt}}\nmethods: [retrain]\n"
                  "seeds: {training: 1, oracle: 1}\n");
    before_ = fs::current_path();
  }
  ~NamedFiles() override { fs::current_path(before_); }

  Spec read(const std::vector<std::string>& overrides) const {
    return load_spec(folder_ / "experiments/e.yaml", overrides, registries_);
  }
  fs::path before_;
};

TEST_F(NamedFiles, AreRecordedWhole) {
  const Spec spec = read({});
  EXPECT_EQ(spec.resolved.at("data").at("file"), (folder_ / "data/t.csv").string());
  EXPECT_EQ(keys_of(written_and_read(spec)), keys_of(spec));
}

TEST_F(NamedFiles, OfTheCommandLineStartAtThePresentFolder) {
  const std::vector<std::string> keys = keys_of(read({}));
  fs::current_path(folder_ / "data");
  const Spec spec = read({"data.file=t.csv", "edit.remove.indices=rows.txt"});
  EXPECT_EQ(spec.resolved.at("data").at("file"), (folder_ / "data/t.csv").string());
  fs::current_path(before_);
  EXPECT_EQ(keys_of(spec), keys);
  EXPECT_EQ(keys_of(written_and_read(spec)), keys);
}

TEST_F(NamedFiles, OfAnExtendedFileStartAtItsFolder) {
  const Spec spec = load_spec(
      folder_.write("deep/er/e.yaml", "extends: ../../experiments/e.yaml\n"), {}, registries_);
  EXPECT_EQ(keys_of(spec), keys_of(read({})));
}

TEST_F(NamedFiles, ThatAreNotThereAreNamedWithThePlacesSearched) {
  const std::string message =
      testing::error_of(ErrorKind::kData, [&] { keys_of(read({"data.file=nowhere.csv"})); });
  EXPECT_THAT(message, HasSubstr((fs::current_path() / "nowhere.csv").string()));
}

}  // namespace
}  // namespace oubli
