// The suite that every registered data source runs, and the table itself.
#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include <cstdlib>
#include <regex>

#include "datasets/fetch.h"
#include "datasets/source.h"
#include "experiments/selftest/source_checks.h"
#include "tests/support/files.h"
#include "tests/support/kept_promises.h"

namespace oubli {
namespace {

using ::testing::Contains;

TEST(BuiltinDatasets, EverySourceFileHasALineInTheTable) {
  const std::filesystem::path folder = std::filesystem::path(OUBLI_SOURCE_DIR) / "datasets";
  const std::vector<std::string> names = builtin_datasets().names();
  const std::regex definition(R"(DataSource (\w+)_source\(\) \{)");
  std::size_t found = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".cpp") continue;
    const std::string text = testing::read_text(entry.path());
    std::smatch match;
    if (!std::regex_search(text, match, definition)) continue;
    ++found;
    EXPECT_THAT(names, Contains(match[1].str())) << entry.path() << " has no line in datasets.def";
    EXPECT_EQ(match[1].str(), entry.path().stem().string());
  }
  EXPECT_EQ(found, names.size());
}

class EverySource : public ::testing::TestWithParam<std::string> {
 protected:
  DataSource source_ = builtin_datasets().find(GetParam());
};

TEST_P(EverySource, DescribesItselfWithoutData) {
  EXPECT_THAT(testing::failures_of(testing::source_checks().front(), source_, SettingsNode(),
                                   DataFolders()),
              ::testing::IsEmpty());
}

TEST_P(EverySource, RejectsAMisspeltKey) {
  const Settings settings = testing::settings_from(
      {{"validation_fractoin", 0.1}, {"file", "x.csv"}, {"label", "y"}, {"task", "regression"}});
  source_.configure(settings);
  EXPECT_THROW(settings.finish(), Error);
}

void expect_promises_kept(const DataSource& source, const DataFolders& folders) {
  testing::expect_kept(testing::source_checks(), source.name, source, SettingsNode(), folders);
}

class SourceWithoutFiles : public EverySource {};

TEST_P(SourceWithoutFiles, KeepsItsPromises) { expect_promises_kept(source_, {}); }

class DownloadedSource : public EverySource {};

TEST_P(DownloadedSource, MissingFilesNameTheFoldersAndTheCommand) {
  const testing::TemporaryFolder folder;
  const auto load = source_.configure(testing::settings_from(Json::object()));
  const std::string message = testing::error_of(ErrorKind::kData, [&] {
    load({folder.path(), "/nowhere"});
  });
  EXPECT_THAT(message, ::testing::HasSubstr(folder.path().string()));
  EXPECT_THAT(message, ::testing::HasSubstr("/nowhere"));
  EXPECT_THAT(message, ::testing::HasSubstr("oubli data fetch " + GetParam()));
}

std::string name_of(const ::testing::TestParamInfo<std::string>& instance) {
  return instance.param;
}

INSTANTIATE_TEST_SUITE_P(All, EverySource, ::testing::ValuesIn(builtin_datasets().names()),
                         name_of);
INSTANTIATE_TEST_SUITE_P(All, SourceWithoutFiles,
                         ::testing::Values("digits", "gaussian_classes", "linear_regression",
                                           "two_groups", "biographies"),
                         name_of);
INSTANTIATE_TEST_SUITE_P(All, DownloadedSource,
                         ::testing::Values("mnist", "fashion_mnist", "cifar10", "cifar100"),
                         name_of);

TEST(Digits, AreTheKnownOnes) {
  const LoadedData loaded =
      builtin_datasets().find("digits").configure(testing::settings_from(Json::object()))({});
  const Dataset& digits = loaded.dataset;
  EXPECT_EQ(digits.inputs.sizes(), at::IntArrayRef({1797, 1, 8, 8}));
  EXPECT_EQ(digits.inputs.scalar_type(), at::kByte);
  EXPECT_EQ(digits.inputs.max().item<int>(), 16);
  EXPECT_EQ(digits.inputs[0][0][0][2].item<int>(), 5);  // the file begins 0,0,5,13,9
  EXPECT_EQ(digits.targets[0].item<int>(), 0);
  EXPECT_EQ(digits.targets[1796].item<int>(), 8);
  EXPECT_EQ(digits.scale, 1.0 / 16.0);
  EXPECT_EQ(loaded.splits.test.numel(), 359);        // round(0.2 * 1797)
  EXPECT_EQ(loaded.splits.validation.numel(), 144);  // round(0.1 * 1438)
  // Counts of the classes 0 to 9 in load_digits.
  const Tensor counts = at::bincount(digits.targets);
  const Tensor known = at::tensor({178, 182, 177, 183, 181, 182, 181, 179, 174, 180}, at::kLong);
  EXPECT_TRUE(at::equal(counts, known));
}

// Real files are used where OUBLI_DATA has them.
std::filesystem::path real_files(const std::string& name, const std::string& file) {
  const char* folder = std::getenv("OUBLI_DATA");
  if (folder == nullptr) return {};
  const bool found = std::filesystem::exists(std::filesystem::path(folder) / name / file);
  return found ? folder : "";
}

TEST(Mnist, RealFilesLoadWhereTheyAre) {
  const std::filesystem::path folder = real_files("mnist", "train-labels-idx1-ubyte.gz");
  if (folder.empty()) GTEST_SKIP() << "no MNIST in OUBLI_DATA";
  const LoadedData loaded =
      builtin_datasets().find("mnist").configure(testing::settings_from(Json::object()))({folder});
  expect_promises_kept(builtin_datasets().find("mnist"), {folder});
  EXPECT_EQ(loaded.dataset.inputs.sizes(), at::IntArrayRef({70000, 1, 28, 28}));
  EXPECT_EQ(loaded.splits.train.numel(), 55000);
  EXPECT_EQ(loaded.splits.validation.numel(), 5000);
  EXPECT_EQ(loaded.splits.test.numel(), 10000);
  EXPECT_EQ(loaded.splits.test[0].item<int>(), 60000);
  // Labels of the first training and the first test image, as published.
  EXPECT_EQ(loaded.dataset.targets[0].item<int>(), 5);
  EXPECT_EQ(loaded.dataset.targets[60000].item<int>(), 7);
  const Tensor train = loaded.dataset.inputs.narrow(0, 0, 60000).to(at::kDouble) / 255.0;
  EXPECT_NEAR(train.mean().item<double>(), 0.1307, 1e-4);
  EXPECT_NEAR(train.std().item<double>(), 0.3081, 1e-4);
  // The same files asked for as Fashion-MNIST are noticed.
  const auto fashion =
      builtin_datasets().find("fashion_mnist").configure(testing::settings_from(Json::object()));
  EXPECT_THAT(testing::error_of(ErrorKind::kData, [&] { fashion({folder / "mnist"}); }),
              ::testing::HasSubstr("this is the data set 'mnist'"));
  // They are the published content, so they can stand in for a mirror.
  const testing::TemporaryFolder home;
  const FetchReport report = fetch_dataset("mnist", {folder.string(), home.path(), {}});
  EXPECT_EQ(report.fetched.size(), 4u);
}

TEST(Cifar10, RealFilesLoadWhereTheyAre) {
  const std::filesystem::path folder = real_files("cifar10", "data_batch_1.bin");
  if (folder.empty()) GTEST_SKIP() << "no CIFAR-10 in OUBLI_DATA";
  const LoadedData loaded = builtin_datasets().find("cifar10").configure(
      testing::settings_from(Json::object()))({folder});
  expect_promises_kept(builtin_datasets().find("cifar10"), {folder});
  EXPECT_EQ(loaded.dataset.inputs.sizes(), at::IntArrayRef({60000, 3, 32, 32}));
  EXPECT_EQ(loaded.splits.train.numel(), 45000);
  const Tensor train = loaded.dataset.inputs.narrow(0, 0, 50000).to(at::kFloat) / 255.0;
  for (std::int64_t c = 0; c < 3; ++c) {
    const auto channel = static_cast<std::size_t>(c);
    EXPECT_NEAR(train.select(1, c).mean().item<double>(), loaded.dataset.mean[channel], 2e-3);
    EXPECT_NEAR(train.select(1, c).std().item<double>(), loaded.dataset.deviation[channel], 5e-3);
  }
}

}  // namespace
}  // namespace oubli
