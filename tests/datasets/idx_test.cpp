#include "datasets/idx.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include "datasets/source.h"
#include "tests/support/files.h"

namespace oubli {
namespace {

using testing::error_of;
using ::testing::HasSubstr;
using testing::settings_from;
using testing::TemporaryFolder;

std::string number(int value) {
  return {static_cast<char>(value >> 24), static_cast<char>(value >> 16),
          static_cast<char>(value >> 8), static_cast<char>(value)};
}

std::string header(const std::vector<int>& shape, char type = 0x08) {
  std::string bytes = {0, 0, type, static_cast<char>(shape.size())};
  for (const int size : shape) bytes += number(size);
  return bytes;
}

std::string values(int count, int modulo) {
  std::string bytes;
  for (int i = 0; i < count; ++i) bytes += static_cast<char>(i % modulo);
  return bytes;
}

class Idx : public ::testing::Test {
 protected:
  std::string error(const std::string& bytes, std::int64_t dimensions = 3) {
    const auto path = folder_.write("file", bytes);
    return error_of(ErrorKind::kData, [&] { read_idx(path, dimensions); });
  }
  TemporaryFolder folder_;
};

TEST_F(Idx, ReadsPlainAndPacked) {
  const std::string bytes = header({2, 3, 4}) + values(24, 256);
  const Tensor plain = read_idx(folder_.write("plain", bytes), 3);
  const Tensor packed = read_idx(folder_.write("packed.gz", testing::gzip(bytes)), 3);
  EXPECT_EQ(plain.sizes(), at::IntArrayRef({2, 3, 4}));
  EXPECT_TRUE(at::equal(plain.flatten(), at::arange(24, at::kByte)));
  EXPECT_TRUE(at::equal(plain, packed));
}

TEST_F(Idx, SaysWhereAndWhatIsWrong) {
  const std::string good = header({2, 3, 4}) + values(24, 256);
  EXPECT_THAT(error("<html>"), HasSubstr("file: at byte 0: found 0x3c68"));
  EXPECT_THAT(error(header({2, 3, 4}, 0x0d) + values(96, 256)),
              HasSubstr("at byte 2: values of type 0x0d (32-bit floating point numbers)"));
  EXPECT_THAT(error(good, 1), HasSubstr("at byte 3: 3 dimensions, expected 1"));
  EXPECT_THAT(error(good.substr(0, 3)), HasSubstr("at byte 3: the file ends in its magic number"));
  EXPECT_THAT(error(good.substr(0, 10)), HasSubstr("at byte 10: the file ends in its header"));
  EXPECT_THAT(error(good.substr(0, 30)), HasSubstr("at byte 30: the file is truncated"));
  EXPECT_THAT(error(good + "x"), HasSubstr("at byte 40: bytes follow the last value"));
  EXPECT_THAT(error(header({2, 0, 4})), HasSubstr("at byte 8: a size of 0"));
  EXPECT_THAT(error(header({-1, -1, -1})), HasSubstr("cannot be right"));
}

TEST_F(Idx, DamagedGzipIsNoticed) {
  std::string packed = testing::gzip(header({2, 3, 4}) + values(24, 256));
  EXPECT_THAT(error(packed.substr(0, packed.size() - 6)), HasSubstr("truncated"));
  packed[packed.size() - 6] ^= 0x55;  // in the checksum
  EXPECT_THAT(error(packed), HasSubstr("damaged"));
}

class IdxImages : public Idx {
 protected:
  IdxImages() {
    write("mnist/train-images-idx3-ubyte", header({36, 2, 2}) + values(144, 256));
    write("mnist/train-labels-idx1-ubyte", header({36}) + values(36, 10));
    write("mnist/t10k-images-idx3-ubyte.gz", testing::gzip(header({12, 2, 2}) + values(48, 256)));
    write("mnist/t10k-labels-idx1-ubyte.gz", testing::gzip(header({12}) + values(12, 10)));
  }
  void write(const std::string& name, const std::string& bytes) { folder_.write(name, bytes); }
  LoadedData load(const Json& json = Json::object()) {
    const Settings settings = settings_from(json);
    const auto loader = builtin_datasets().find("mnist").configure(settings);
    settings.finish();
    return loader({"/nowhere", folder_.path()});
  }
  std::string load_error() {
    return error_of(ErrorKind::kData, [&] { load(); });
  }
};

TEST_F(IdxImages, RowsAreTrainingThenTestFiles) {
  const LoadedData loaded = load();
  EXPECT_EQ(loaded.dataset.inputs.sizes(), at::IntArrayRef({48, 1, 2, 2}));
  EXPECT_TRUE(at::equal(loaded.splits.test, at::arange(36, 48)));
  EXPECT_EQ(loaded.splits.validation.numel(), 3);
  EXPECT_EQ(loaded.dataset.targets[37].item<int>(), 1);
  EXPECT_EQ(loaded.dataset.mean, std::vector<double>{0.1307});
}

TEST_F(IdxImages, NormalisationCanBeSet) {
  const LoadedData loaded = load({{"normalise", {{"mean", {0.5}}, {"deviation", {0.25}}}}});
  EXPECT_EQ(loaded.dataset.mean, std::vector<double>{0.5});
  EXPECT_EQ(loaded.dataset.deviation, std::vector<double>{0.25});
  EXPECT_THROW(load({{"normalise", {{"mean", {0.5, 0.5}}}}}), Error);
}

TEST_F(IdxImages, FilesThatDisagreeAreErrors) {
  write("mnist/train-labels-idx1-ubyte", header({35}) + values(35, 10));
  EXPECT_THAT(load_error(), HasSubstr("35 labels"));
  write("mnist/train-labels-idx1-ubyte", header({36}) + values(36, 11));
  EXPECT_THAT(load_error(), HasSubstr("at byte 18: label 10 of example 10, expected 0 to 9"));
  write("mnist/train-labels-idx1-ubyte", header({36}) + values(36, 10));
  write("mnist/train-images-idx3-ubyte", header({36, 4, 1}) + values(144, 256));
  EXPECT_THAT(load_error(), HasSubstr("training images are 4 by 1, test images 2 by 2"));
  std::filesystem::remove(folder_.path() / "mnist/train-labels-idx1-ubyte");
  EXPECT_THAT(load_error(), HasSubstr("without train-labels-idx1-ubyte"));
}

// The header bounds what is unpacked or read, and memory what a header may ask for.
TEST_F(Idx, ReadsNoMoreThanItsHeaderSays) {
  const std::string header{"\0\0\x08\x01\0\0\0\x05", 8};
  const auto bomb = folder_.write("bomb.gz", testing::gzip(header + std::string(8'000'000, '\0')));
  EXPECT_THAT(error_of(ErrorKind::kData, [&] { read_idx(bomb, 1); }),
              HasSubstr("at byte 13: bytes follow the last value"));
  const auto sparse = folder_.write("sparse", header);
  std::filesystem::resize_file(sparse, std::uintmax_t{1} << 40);
  EXPECT_THAT(error_of(ErrorKind::kData, [&] { read_idx(sparse, 1); }),
              HasSubstr("bytes follow the last value"));
  const std::string huge{"\0\0\x08\x03\0\xff\xff\xff\0\xff\xff\xff\0\xff\xff\xff", 16};
  EXPECT_THAT(error_of(ErrorKind::kData, [&] { read_idx(folder_.write("huge", huge), 3); }),
              HasSubstr("cannot be right"));
}

}  // namespace
}  // namespace oubli
