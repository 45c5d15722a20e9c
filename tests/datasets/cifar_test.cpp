#include "datasets/cifar.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include "tests/support/files.h"

namespace oubli {
namespace {

using testing::error_of;
using ::testing::HasSubstr;
using testing::settings_from;

// Record i of a file: the labels given, then pixels that start with i and go on with its plane.
std::string record(const std::vector<int>& labels, int i) {
  std::string bytes;
  for (const int label : labels) bytes += static_cast<char>(label);
  std::string pixels;
  for (int plane = 0; plane < 3; ++plane) pixels += std::string(1024, static_cast<char>(plane));
  pixels[0] = static_cast<char>(i);
  return bytes + pixels;
}

CifarFormat small_format() {
  return {.name = "small",
          .summary = "two files of five records",
          .subfolder = "small-bin",
          .labels = {{"fine", 1, {"a", "b", "c", "d"}}, {"coarse", 0, {"x", "y"}}},
          .train_files = {{"one.bin", 5}, {"two.bin", 5}},
          .test_files = {{"test.bin", 3}},
          .normalisation = {{0.1, 0.2, 0.3}, {1, 2, 3}}};
}

std::string records(int count) {
  std::string bytes;
  for (int i = 0; i < count; ++i) bytes += record({i % 2, i % 4}, i);
  return bytes;
}

class Cifar : public ::testing::Test {
 protected:
  Cifar() {
    folder_.write("small/small-bin/one.bin", records(5));
    folder_.write("small/small-bin/two.bin.gz", testing::gzip(records(5)));
    folder_.write("small/small-bin/test.bin", records(3));
  }
  LoadedData load(const Json& json = Json::object()) {
    const Settings settings = settings_from(json);
    const auto loader = cifar_source(small_format()).configure(settings);
    settings.finish();
    return loader({folder_.path()});
  }
  std::string error(const std::string& bytes) {
    folder_.write("small/small-bin/one.bin", bytes);
    return error_of(ErrorKind::kData, [&] { load(); });
  }
  testing::TemporaryFolder folder_;
};

TEST_F(Cifar, RowsAndPlanesAreInOrder) {
  const LoadedData loaded = load();
  EXPECT_EQ(loaded.dataset.inputs.sizes(), at::IntArrayRef({13, 3, 32, 32}));
  EXPECT_EQ(loaded.dataset.inputs[7][0][0][0].item<int>(), 2);  // third record of the second file
  EXPECT_EQ(loaded.dataset.inputs[7][2][31][31].item<int>(), 2);
  EXPECT_EQ(loaded.dataset.targets[8].item<int>(), 3);
  EXPECT_TRUE(at::equal(loaded.splits.test, at::arange(10, 13)));
  EXPECT_EQ(loaded.splits.validation.numel(), 1);
}

TEST_F(Cifar, LabelsCanBeChosen) {
  const LoadedData loaded = load({{"labels", "coarse"}});
  EXPECT_EQ(loaded.dataset.outputs, 2);
  EXPECT_EQ(loaded.dataset.targets[8].item<int>(), 1);
  EXPECT_EQ(loaded.dataset.class_names[1], "y");
}

TEST_F(Cifar, OneMeanStandsForAllChannels) {
  const LoadedData loaded = load({{"normalise", {{"mean", {0.5}}}}});
  EXPECT_EQ(loaded.dataset.mean, (std::vector<double>{0.5, 0.5, 0.5}));
  EXPECT_EQ(loaded.dataset.deviation, (std::vector<double>{1, 2, 3}));
}

TEST_F(Cifar, SaysWhereAndWhatIsWrong) {
  EXPECT_THAT(error(records(5).substr(0, 5 * 3074 - 1)),
              HasSubstr("one.bin: at byte 12296: 15369 bytes are not a whole number of records"));
  EXPECT_THAT(error(records(4)), HasSubstr("at byte 12296: 4 records, expected 5"));
  EXPECT_THAT(error(records(6)), HasSubstr("at byte 15370: more records, expected 5"));
  std::string bytes = records(5);
  bytes[2 * 3074 + 1] = 4;
  EXPECT_THAT(error(bytes), HasSubstr("at byte 6149: fine label 4 of record 2, expected 0 to 3"));
  bytes[2 * 3074 + 1] = 3;
  bytes[std::size_t{3} * 3074] = 2;  // not the label in use, but damaged all the same
  EXPECT_THAT(error(bytes), HasSubstr("at byte 9222: coarse label 2 of record 3"));
}

}  // namespace
}  // namespace oubli
