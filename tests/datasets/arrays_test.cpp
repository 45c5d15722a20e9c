// Data from a safetensors file, as Python writes it.
#include <ATen/ATen.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <sys/wait.h>

#include <cstdlib>

#include "core/nn/tensor_file.h"
#include "datasets/selection.h"
#include "datasets/source.h"
#include "experiments/selftest/source_checks.h"
#include "tests/support/files.h"
#include "tests/support/kept_promises.h"

namespace oubli {
namespace {

using ::testing::ElementsAre;
using testing::error_of;
using ::testing::HasSubstr;
using testing::settings_from;

using Named = std::vector<std::pair<std::string, Tensor>>;

class Arrays : public ::testing::Test {
 protected:
  // Twelve examples of three features and two classes, four of them for test.
  static Named usual() {
    return {{"x_train", at::arange(24, at::kFloat).reshape({8, 3})},
            {"y_train", at::tensor({0, 1, 0, 1, 1, 0, 1, 0}, at::kLong)},
            {"x_test", at::arange(12, at::kFloat).reshape({4, 3}) + 100},
            {"y_test", at::tensor({1, 0, 1, 1}, at::kLong)}};
  }
  static Named with(Named arrays, const std::string& name, const Tensor& tensor) {
    std::erase_if(arrays, [&](const auto& entry) { return entry.first == name; });
    arrays.emplace_back(name, tensor);
    return arrays;
  }
  static Named without(Named arrays, const std::string& name) {
    std::erase_if(arrays, [&](const auto& entry) { return entry.first == name; });
    return arrays;
  }
  LoadedData load(const Named& arrays, Json json = Json::object()) const {
    write_tensors(folder_ / "a.safetensors", {arrays, {}});
    json["file"] = "a.safetensors";
    const Settings settings = settings_from(json, (folder_ / "e.yaml").string());
    const auto loader = builtin_datasets().find("arrays").configure(settings);
    settings.finish();
    return loader({});
  }
  std::string error(const Named& arrays, const Json& json = Json::object()) const {
    return error_of(ErrorKind::kData, [&] { load(arrays, json); });
  }

  testing::TemporaryFolder folder_;
};

TEST_F(Arrays, TrainingRowsComeFirstAndTestRowsBehindThem) {
  const LoadedData loaded = load(usual(), {{"validation_fraction", 0.25}});
  const Dataset& data = loaded.dataset;
  EXPECT_EQ(data.name, "a");
  EXPECT_TRUE(data.inputs.equal(at::cat({usual()[0].second, usual()[2].second})));
  EXPECT_TRUE(data.targets.equal(at::cat({usual()[1].second, usual()[3].second})));
  EXPECT_TRUE(loaded.splits.test.equal(at::arange(8, 12)));
  EXPECT_EQ(loaded.splits.validation.numel(), 2);
  EXPECT_EQ(loaded.splits.train.numel(), 6);
  EXPECT_THAT(data.class_names, ElementsAre("0", "1"));
}

TEST_F(Arrays, WithoutATestPartItIsDrawn) {
  const Named arrays = without(without(usual(), "x_test"), "y_test");
  const LoadedData loaded = load(arrays, {{"test_fraction", 0.25}, {"validation_fraction", 0}});
  EXPECT_EQ(loaded.dataset.size(), 8);
  EXPECT_EQ(loaded.splits.test.numel(), 2);
  // As for one that is asked to leave it alone; else a share that was asked for is refused.
  const LoadedData same =
      load(usual(), {{"test_inputs", ""}, {"test_fraction", 0.25}, {"validation_fraction", 0}});
  EXPECT_TRUE(same.splits.test.equal(loaded.splits.test));
  EXPECT_THAT(error_of(ErrorKind::kSettings,
                       [&] {
                         load(usual(), {{"test_fraction", 0.25}});
                       }),
              HasSubstr("the data has its own test part: leave it out, or write 0"));
  // The usual share is no less asked for, and none is what there is.
  EXPECT_THAT(error_of(ErrorKind::kSettings,
                       [&] {
                         load(usual(), {{"test_fraction", 0.2}});
                       }),
              HasSubstr("'test_fraction' is 0.2, but"));
  EXPECT_EQ(load(usual(), {{"test_fraction", 0}}).splits.test.numel(),
            load(usual()).splits.test.numel());
}

TEST_F(Arrays, KeepsTypesThatHoldEveryValue) {
  const auto type_of = [&](at::ScalarType type) {
    Named arrays = usual();
    for (auto& [name, tensor] : arrays) {
      if (name[0] == 'x') tensor = tensor.to(type);
    }
    return load(arrays).dataset.inputs.scalar_type();
  };
  for (const at::ScalarType type : {at::kHalf, at::kBFloat16, at::kFloat, at::kShort, at::kChar}) {
    EXPECT_EQ(type_of(type), at::kFloat) << type;
  }
  for (const at::ScalarType type : {at::kDouble, at::kInt, at::kLong}) {
    EXPECT_EQ(type_of(type), at::kDouble) << type;
  }
  EXPECT_EQ(type_of(at::kByte), at::kByte);
  const Named odd = with(usual(), "x_test", at::ones({4, 3}, at::kDouble));
  EXPECT_THAT(error(odd), HasSubstr("float64 [4, 3] found, but x_train is float32 [8, 3]"));
}

TEST_F(Arrays, BytesArePixelsThatAreScaledAndShifted) {
  Named arrays = with(usual(), "x_train", at::full({8, 2, 2, 2}, 255, at::kByte));
  arrays = with(arrays, "x_test", at::full({4, 2, 2, 2}, 51, at::kByte));
  const auto batch = [&](const Json& json) {
    const LoadedData loaded = load(arrays, json);
    const Subset all{std::make_shared<Dataset>(loaded.dataset), at::tensor({0, 8}, at::kLong), {}};
    return all.batch(0, 2, at::kDouble).inputs;
  };
  EXPECT_TRUE(batch(Json::object()).select(0, 0).allclose(at::ones({2, 2, 2}, at::kDouble)));
  EXPECT_TRUE(batch(Json::object()).select(0, 1).allclose(at::full({2, 2, 2}, 0.2, at::kDouble)));
  EXPECT_EQ(batch({{"scale", 1.0}}).max().item<double>(), 255);
  const Tensor by_channel =
      batch({{"normalise", {{"mean", {0.5, 0.2}}, {"deviation", {0.5, 2.0}}}}});
  EXPECT_NEAR(by_channel[0][0][0][0].item<double>(), 1, 1e-12);
  EXPECT_NEAR(by_channel[0][1][0][0].item<double>(), 0.4, 1e-12);
  EXPECT_NEAR(by_channel[1][1][0][0].item<double>(), 0, 1e-12);
}

TEST_F(Arrays, TargetsAreClassesOrNumbersByTheirTypeOrAsToldTo) {
  const Tensor halves = at::arange(8, at::kFloat) / 2, test = at::arange(4, at::kFloat);
  const Named numbers = with(with(usual(), "y_train", halves), "y_test", test);
  const LoadedData regression = load(numbers);
  EXPECT_EQ(regression.dataset.targets.sizes(), at::IntArrayRef({12, 1}));
  EXPECT_EQ(regression.dataset.outputs, 1);
  EXPECT_FALSE(regression.dataset.is_classification());
  EXPECT_EQ(load(usual(), {{"task", "regression"}}).dataset.targets[1][0].item<double>(), 1);
  EXPECT_THAT(error(numbers, {{"task", "classification"}}),
              HasSubstr("y_train: labels that are no whole numbers, of 4 examples, the first of "
                        "them 1."));
  const Named floats = with(with(usual(), "y_train", usual()[1].second.to(at::kFloat)), "y_test",
                            usual()[3].second.to(at::kFloat));
  EXPECT_TRUE(load(floats, {{"task", "classification"}})
                  .dataset.targets.equal(load(usual()).dataset.targets));
  const Tensor two = at::ones({8, 2}, at::kDouble), two_test = at::ones({4, 2}, at::kDouble);
  EXPECT_EQ(load(with(with(usual(), "y_train", two), "y_test", two_test)).dataset.outputs, 2);
}

TEST_F(Arrays, ClassesMayHaveNames) {
  const Json names = {{"class_names", {"cat", "dog", "fox"}}};
  EXPECT_EQ(load(usual(), names).dataset.outputs, 3);  // one of them without an example
  EXPECT_THAT(error(usual(), {{"class_names", "cat"}}),
              HasSubstr("y_train: label 1 found, but the classes are 0 to 0."));
}

TEST_F(Arrays, ColumnsAndIdsAreWhatSelectorsRead) {
  Named arrays = usual();
  const std::int64_t large = (std::int64_t{1} << 60) + 1;
  arrays.emplace_back("who_train", at::tensor({7, 5, 7, 9, 3, 3, 1, 2}, at::kLong) + large);
  arrays.emplace_back("who_test", at::tensor({5, 5, 8, 8}, at::kLong) + large);
  arrays.emplace_back("age_train", at::arange(8, at::kDouble) + 20);
  arrays.emplace_back("age_test", at::arange(4, at::kDouble) + 60);
  arrays.emplace_back("day_train", at::arange(8, at::kInt) + 20000);
  arrays.emplace_back("day_test", at::arange(4, at::kInt));
  const LoadedData loaded = load(
      arrays, {{"id", "who"}, {"columns", "age"}, {"dates", "day"}, {"validation_fraction", 0}});
  EXPECT_EQ(loaded.dataset.columns.at("who").text(8), fmt::to_string(large + 5));
  EXPECT_EQ(loaded.dataset.columns.at("day").text(0), "2024-10-04");
  EXPECT_EQ(loaded.dataset.columns.at("day").text(8), "1970-01-01");
  const auto rows = [&](const Json& json) {
    const Tensor chosen =
        configure_selection(settings_from(json))(loaded.dataset, loaded.splits, Generator(0)).rows;
    return std::vector<std::int64_t>(chosen.const_data_ptr<std::int64_t>(),
                                     chosen.const_data_ptr<std::int64_t>() + chosen.numel());
  };
  EXPECT_THAT(rows({{"ids", {fmt::to_string(large + 7)}}}), ElementsAre(0, 2));
  EXPECT_THAT(rows({{"where", {{"column", "age"}, {"at_least", 25}}}}), ElementsAre(5, 6, 7));
  EXPECT_THAT(rows({{"where", {{"column", "day"}, {"before", "2024-10-06"}}}}), ElementsAre(0, 1));
}

TEST_F(Arrays, EveryFaultIsSaidAtOnce) {
  Named arrays = usual();
  arrays[0].second = arrays[0].second.clone();
  arrays[0].second[5][1] = std::numeric_limits<float>::quiet_NaN();
  arrays[0].second[6][1] = std::numeric_limits<float>::infinity();
  arrays[1].second = at::zeros({8, 2}, at::kLong);
  arrays[2].second = arrays[2].second.flatten();
  arrays[3].second = at::tensor({0, -1, -1, 0}, at::kLong);
  arrays.emplace_back("age_train", at::ones({7}));
  arrays.emplace_back("who_train", at::ones({8}));
  const std::string message = error(arrays, {{"id", "who"}, {"columns", "age"}});
  for (const char* part :
       {"x_train: values that are no finite numbers, of 2 examples, the first of them 5.",
        "y_train: int64 [8, 2] found; classes are [examples]", "y.argmax(1)",
        "x_test: float32 [12] found, expected [examples, features]", "x.reshape(-1, 1)",
        "y_test: labels below 0, of 2 examples, the first of them 1", "(y + 1) // 2",
        "who_train: float32 [8] found; ids are whole numbers",
        "who_test: there is no tensor of this name; `id` names it.",
        "age_train: float32 [7] found, expected [8], one number an example.",
        "age_test: there is no tensor of this name; `columns` names it.",
        "The file holds age_train float32 [7], who_train float32 [8], x_test"}) {
    EXPECT_THAT(message, HasSubstr(part));
  }
  EXPECT_THAT(message, HasSubstr((folder_ / "a.safetensors").string()));
}

TEST_F(Arrays, SaysWhatDoesNotFit) {
  EXPECT_THAT(error(without(usual(), "y_test")), HasSubstr("y_test: there is no tensor"));
  EXPECT_THAT(error(with(usual(), "y_train", at::zeros({7}, at::kLong))),
              HasSubstr("y_train: int64 [7] found, but there are 8 examples."));
  EXPECT_THAT(error(with(usual(), "x_train", at::zeros({8, 5, 5}, at::kByte))),
              HasSubstr("x_train: uint8 [8, 5, 5] found; images are [examples, channels, height, "
                        "width]: x[:, None]"));
  EXPECT_THAT(error(with(usual(), "x_test", at::zeros({4, 2}))),
              HasSubstr("x_test: float32 [4, 2] found, but x_train is float32 [8, 3]"));
  EXPECT_THAT(error(with(usual(), "y_test", at::zeros({4}))),
              HasSubstr("y_test: they are not like y_train"));
  EXPECT_THAT(error(with(usual(), "y_train", at::arange(8) * 100)),
              HasSubstr("y_train: label 700 of 8 examples"));
  EXPECT_THAT(error(with(usual(), "y_train", at::tensor({0, 2, 2, 0, 0, 2, 2, 0}, at::kLong))),
              HasSubstr("y_train: no example of the classes 1"));
  EXPECT_THAT(error(with(usual(), "y_test", at::tensor({0, 1, 2, 0}, at::kLong))),
              HasSubstr("y_test: label 2 found, but the classes are 0 to 1."));
  EXPECT_THAT(error_of(ErrorKind::kSettings,
                       [&] {
                         load(usual(), {{"columns", {"a", "a"}}});
                       }),
              HasSubstr("the column 'a' is named twice"));
  const Settings elsewhere = settings_from({{"file", "no.safetensors"}});
  EXPECT_THAT(error_of(ErrorKind::kData,
                       [&] { builtin_datasets().find("arrays").configure(elsewhere)({}); }),
              HasSubstr("the safetensors file 'no.safetensors' was not found"));
}

TEST_F(Arrays, KeepsWhatEverySourcePromises) {
  write_tensors(folder_ / "a.safetensors", {usual(), {}});
  SettingsNode file, node;
  file.kind = SettingsNode::Kind::kScalar;
  file.scalar = (folder_ / "a.safetensors").string();
  node.kind = SettingsNode::Kind::kMap;
  node.entries.emplace_back("file", file);
  testing::expect_kept(testing::source_checks(), "arrays", builtin_datasets().find("arrays"), node,
                       DataFolders());
}

// The lines of the manual, run by Python itself.
TEST_F(Arrays, TheManualsLinesWriteSuchAFile) {
  const char* chosen = std::getenv("OUBLI_PYTHON");
  const std::string python = chosen != nullptr ? chosen : "python3";
  const std::string probe = fmt::format("'{}' -c 'import safetensors.torch' 2>/dev/null", python);
  if (std::system(probe.c_str()) != 0) {
    GTEST_SKIP() << python << " has no torch and safetensors; set OUBLI_PYTHON to one that has";
  }
  const std::string manual =
      testing::read_text(std::filesystem::path(OUBLI_SOURCE_DIR) / "datasets/README.md");
  const std::string fence = "```python\n";
  const std::size_t begin = manual.find(fence), end = manual.find("```", begin + fence.size());
  ASSERT_NE(end, std::string::npos);
  folder_.write("write.py",
                "import numpy as np\n"
                "x, y = np.arange(24, dtype=np.float32).reshape(3, 8).T, np.arange(8) % 2\n"
                "x_test, y_test = np.ones((4, 3), dtype=np.float32), np.arange(4) % 2\n"
                "ids, test_ids = np.arange(8) // 2, np.arange(4)\n" +
                    manual.substr(begin + fence.size(), end - begin - fence.size()));
  const std::string command =
      fmt::format("cd '{}' && '{}' write.py", folder_.path().string(), python);
  ASSERT_EQ(WEXITSTATUS(std::system(command.c_str())), 0);
  const Settings settings =
      settings_from({{"file", "arrays.safetensors"}, {"id", "id"}}, (folder_ / "e.yaml").string());
  const LoadedData loaded = builtin_datasets().find("arrays").configure(settings)({});
  EXPECT_EQ(loaded.dataset.size(), 12);
  EXPECT_EQ(loaded.dataset.inputs[2][1].item<float>(), 10);  // of the transposed array
  EXPECT_EQ(loaded.dataset.columns.at("id").text(7), "3");
}

}  // namespace
}  // namespace oubli
