#include "core/nn/tensor_file.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <cstring>
#include <set>

#include "core/base/random.h"
#include "tests/support/expect_error.h"
#include "tests/support/python.h"
#include "tests/support/temporary_folder.h"

namespace oubli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::TemporaryFolder;

std::filesystem::path golden(const std::string& name) {
  return std::filesystem::path(OUBLI_SOURCE_DIR) / "tests" / "golden" / name;
}

// What tests/golden/make_safetensors.py holds.
TensorFile reference() {
  TensorFile file;
  file.metadata = {{"format", "pt"}, {"note", "quoted \"text\", é"}};
  file.tensors = {
      {"layers.0.weight", at::arange(6, at::kFloat).view({2, 3}) / 7},
      {"layers.0.bias", at::tensor({0.1, -0.0, 5e-324}, at::kDouble)},
      {"half", at::tensor({1.5, -2.25}, at::kDouble).to(at::kHalf).view({2, 1})},
      {"count", at::scalar_tensor((std::int64_t{1} << 40) + 1, at::kLong)},
      {"int32", at::tensor({-7, 7}, at::kInt)},
      {"int16", at::tensor({-300}, at::kShort)},
      {"int8", at::tensor({-1, 127}, at::kChar)},
      {"pixels", at::arange(250, 256, at::kInt).to(at::kByte).view({1, 2, 3})},
      {"mask", at::tensor({1, 0, 1}, at::kInt).to(at::kBool)},
      {"empty", at::zeros({0, 4}, at::kFloat)},
      {"naïve", at::tensor({3.0}, at::kFloat)},
  };
  return file;
}

void expect_same(const Tensor& found, const Tensor& expected, const std::string& name) {
  EXPECT_EQ(found.scalar_type(), expected.scalar_type()) << name;
  ASSERT_EQ(found.sizes(), expected.sizes()) << name;
  if (expected.numel() == 0) return;
  EXPECT_EQ(std::memcmp(found.const_data_ptr(), expected.contiguous().const_data_ptr(),
                        expected.nbytes()),
            0)
      << name;
}

TEST(TensorFile, WhatIsWrittenIsReadBack) {
  const TemporaryFolder folder;
  TensorFile file = reference();
  file.tensors.emplace_back("transposed", at::arange(6, at::kDouble).view({2, 3}).t());
  file.tensors.emplace_back("bfloat", at::tensor({1.0, 2.0}, at::kDouble).to(at::kBFloat16));
  write_tensors(folder / "a", file);
  const TensorFile found = read_tensors(folder / "a");
  EXPECT_EQ(found.metadata, file.metadata);
  ASSERT_EQ(found.tensors.size(), file.tensors.size());
  for (std::size_t i = 0; i < file.tensors.size(); ++i) {
    EXPECT_EQ(found.tensors[i].first, file.tensors[i].first);
    expect_same(found.tensors[i].second, file.tensors[i].second, file.tensors[i].first);
  }
  write_tensors(folder / "b", found);
  EXPECT_EQ(testing::read_text(folder / "a"), testing::read_text(folder / "b"));
  write_tensors(folder / "c", {});
  EXPECT_TRUE(read_tensors(folder / "c").tensors.empty());
}

TEST(TensorFile, ReadsWhatThePythonPackageWrites) {
  const TensorFile found = read_tensors(golden("reference.safetensors"));
  const TensorFile expected = reference();
  EXPECT_EQ(found.metadata, expected.metadata);
  ASSERT_EQ(found.tensors.size(), expected.tensors.size());
  for (const auto& [name, tensor] : expected.tensors) {
    const auto same = [&name = name](const auto& entry) { return entry.first == name; };
    const auto entry = std::find_if(found.tensors.begin(), found.tensors.end(), same);
    ASSERT_NE(entry, found.tensors.end()) << name;
    expect_same(entry->second, tensor, name);
  }
}

// The length of a header may begin with the bytes of a pickle: 80 02, ..., 80 05.
TEST(TensorFile, HeadersOfAnyLengthAreRead) {
  const TemporaryFolder folder;
  std::set<std::uint64_t> lengths;
  for (std::size_t letters = 500; letters < 1500; letters += 4) {
    const TensorFile file = {{{"a", at::ones({3})}}, {{"text", std::string(letters, 'x')}}};
    write_tensors(folder / "a", file);
    const std::string content = testing::read_text(folder / "a");
    std::uint64_t length = 0;
    std::memcpy(&length, content.data(), sizeof length);
    lengths.insert(length);
    EXPECT_EQ(read_tensors(folder / "a").metadata, file.metadata) << length;
  }
  for (const std::uint64_t length : {640, 896, 1152, 1408}) EXPECT_TRUE(lengths.contains(length));
}

TEST(TensorFile, ThePythonPackageReadsWhatIsWritten) {
  const char* chosen = std::getenv("OUBLI_PYTHON");
  const std::string python = chosen != nullptr ? chosen : "python3";
  const std::string probe = fmt::format("'{}' -c 'import numpy, safetensors' 2>/dev/null", python);
  if (std::system(probe.c_str()) != 0) {
    GTEST_SKIP() << python << " has no numpy and safetensors; set OUBLI_PYTHON to one that has";
  }
  const TemporaryFolder folder;
  write_tensors(folder / "ours.safetensors", reference());
  const std::string check =
      fmt::format("'{}' '{}' --check '{}'", python, golden("make_safetensors.py").string(),
                  (folder / "ours.safetensors").string());
  EXPECT_EQ(WEXITSTATUS(std::system(check.c_str())), 0);
}

TEST(WriteTensors, FailuresCarryTheReasonOfTheSystem) {
  const TemporaryFolder folder;
  EXPECT_ERROR(ErrorKind::kStore, write_tensors(folder / "no" / "a", reference()),
               HasSubstr("a: cannot be written: No such file or directory."));
  EXPECT_ERROR(ErrorKind::kStore, write_tensors(folder.path(), reference()),
               HasSubstr("cannot be written: Is a directory."));
  if (std::filesystem::is_character_file("/dev/full")) {
    EXPECT_ERROR(ErrorKind::kStore, write_tensors("/dev/full", reference()),
                 HasSubstr("/dev/full: cannot be written: No space left on device."));
    const TensorFile large = {{{"x", at::zeros({100'000}, at::kDouble)}}, {}};
    EXPECT_ERROR(ErrorKind::kStore, write_tensors("/dev/full", large), HasSubstr("No space left"));
  }
}

TEST(WriteTensors, RefusesWhatTheFormatCannotHold) {
  const TemporaryFolder folder;
  const Tensor one = at::ones({1});
  const auto write = [&](const TensorFile& file) { write_tensors(folder / "a", file); };
  constexpr ErrorKind kUsage = ErrorKind::kUsage;
  EXPECT_ERROR(kUsage, write({{{"a", one}, {"a", one}}, {}}),
               HasSubstr("another tensor named 'a'"));
  EXPECT_ERROR(kUsage, write({{{"__metadata__", one}}, {}}), HasSubstr("'__metadata__'"));
  EXPECT_ERROR(kUsage, write({{{"a", Tensor()}}, {}}), HasSubstr("undefined"));
  EXPECT_ERROR(kUsage, write({{{"a", one.to(at::kComplexFloat)}}, {}}), HasSubstr("the type"));
  EXPECT_ERROR(kUsage, write({{{"\xff", one}}, {}}), HasSubstr("UTF-8"));
  EXPECT_FALSE(std::filesystem::exists(folder / "a"));
}

std::string length_bytes(std::uint64_t length) {
  return {reinterpret_cast<const char*>(&length), sizeof(length)};
}

// The message for a file with this header and so many bytes of values.
std::string message_for(const std::string& header, std::size_t bytes) {
  const TemporaryFolder folder;
  const auto path =
      folder.write("x.st", length_bytes(header.size()) + header + std::string(bytes, '\0'));
  return testing::error_message(ErrorKind::kData, [&] { read_tensors(path); });
}

std::string entry(const std::string& name, const std::string& type, const std::string& shape,
                  const std::string& offsets) {
  return fmt::format(R"("{}":{{"dtype":"{}","shape":{},"data_offsets":{}}})", name, type, shape,
                     offsets);
}

std::string header_of(const std::vector<std::string>& entries) {
  return fmt::format("{{{}}}", fmt::join(entries, ","));
}

TEST(ReadTensors, SaysWhatIsWrongWithTheFrame) {
  const TemporaryFolder folder;
  EXPECT_ERROR(ErrorKind::kData, read_tensors(folder / "none"),
               HasSubstr("none: cannot be read: No such file"));
  EXPECT_ERROR(ErrorKind::kData, read_tensors(folder.path()),
               HasSubstr("is a folder, an ordinary file was expected"));
  EXPECT_ERROR(ErrorKind::kData, read_tensors(folder.write("a", "1234567")),
               HasSubstr("a: at byte 0: the file has 7 bytes"));
  for (const std::uint64_t length : {std::uint64_t{3}, ~std::uint64_t{0}, std::uint64_t{1} << 63}) {
    EXPECT_ERROR(ErrorKind::kData, read_tensors(folder.write("a", length_bytes(length) + "{}")),
                 AllOf(HasSubstr("at byte 0: the header is said to have"), HasSubstr("of 10")));
  }
  EXPECT_THAT(message_for("", 0), HasSubstr("does not begin with '{'"));
  EXPECT_THAT(message_for("[]", 0), HasSubstr("at byte 8: the header does not begin with '{'"));
  EXPECT_THAT(message_for(R"({"a": ])", 0), HasSubstr("at byte 14: the header is not valid JSON"));
  EXPECT_THAT(message_for("{} {}", 0), HasSubstr("not valid JSON"));
  EXPECT_THAT(message_for("{\"\xff\": 1}", 0), HasSubstr("not valid JSON"));
  EXPECT_THAT(message_for(fmt::format("{{\"a\":{}", std::string(10'000, '[')), 0),
              HasSubstr("header"));
  EXPECT_THAT(message_for(R"({"__metadata__": {"a": 1}})", 0), HasSubstr("'a' is not text"));
  EXPECT_THAT(message_for(R"({"__metadata__": []})", 0), HasSubstr("metadata is not"));
}

TEST(ReadTensors, SaysWhatIsWrongWithATensor) {
  const auto one = [](const std::string& type, const std::string& shape,
                      const std::string& offsets) {
    return header_of({entry("w", type, shape, offsets)});
  };
  EXPECT_THAT(message_for(one("F8_E4M3", "[1]", "[0,1]"), 1),
              AllOf(HasSubstr("tensor 'w' has the type 'F8_E4M3'"), HasSubstr("F64, F32")));
  EXPECT_THAT(message_for(one("F32", "[2]", "[0,4]"), 4), HasSubstr("needs 8 bytes"));
  EXPECT_THAT(message_for(one("F32", "[2]", "[8,0]"), 8), HasSubstr("offsets [8, 0]"));
  EXPECT_THAT(message_for(one("F32", "[2]", "[0]"), 8), HasSubstr("offsets [0]"));
  EXPECT_THAT(message_for(one("F32", "[2]", "[0,8]"), 7), HasSubstr("the file is truncated"));
  EXPECT_THAT(message_for(one("F32", "[2]", "[0,8]"), 9), HasSubstr("1 bytes belong to no tensor"));
  EXPECT_THAT(message_for(one("F32", "[2]", "[4,12]"), 12), HasSubstr("begins here"));
  EXPECT_THAT(message_for(one("F32", "[-2]", "[0,8]"), 8), HasSubstr("as 'shape'"));
  EXPECT_THAT(message_for(one("F32", "[2.0]", "[0,8]"), 8), HasSubstr("as 'shape'"));
  EXPECT_THAT(message_for(one("F32", "2", "[0,8]"), 8), HasSubstr("as 'shape'"));
  EXPECT_THAT(message_for(one("F32", "[2]", "[0,9223372036854775808]"), 8),
              HasSubstr("as 'data_offsets'"));
  EXPECT_THAT(message_for(one("F32", "[2]", "[0,9223372036854775807]"), 8), HasSubstr("truncated"));
  for (const char* shape : {"[4294967296,4294967296]", "[4294967296,4294967296,0]",
                            "[9223372036854775807]", "[3,6148914691236517206]"}) {
    EXPECT_THAT(message_for(one("F32", shape, "[0,8]"), 8), HasSubstr("impossible shape")) << shape;
  }
  EXPECT_THAT(message_for(R"({"w": 3})", 0), HasSubstr("entry 'w' is not an object"));
  EXPECT_THAT(message_for(R"({"w": {"dtype": "F32"}})", 0), HasSubstr("as 'shape'"));
  EXPECT_THAT(
      message_for(header_of({entry("w", "U8", "[1]", "[0,1]"), entry("w", "U8", "[1]", "[1,2]")}),
                  2),
      HasSubstr("has 'w' twice"));
  EXPECT_THAT(
      message_for(header_of({entry("a", "U8", "[2]", "[0,2]"), entry("b", "U8", "[2]", "[1,3]")}),
                  3),
      HasSubstr("tensor 'b' begins here"));
}

TEST(ReadTensors, ATruthValueIsZeroOrOne) {
  const TemporaryFolder folder;
  const std::string header = header_of({entry("m", "BOOL", "[2]", "[0,2]")});
  const auto path = folder.write("m", length_bytes(header.size()) + header + '\1' + '\2');
  EXPECT_ERROR(ErrorKind::kData, read_tensors(path),
               HasSubstr(fmt::format("at byte {}: a truth value", 8 + header.size() + 1)));
}

// Reads a damaged file: it loads or it is refused, and nothing else.
bool loads(const std::filesystem::path& path) {
  try {
    read_tensors(path);
    return true;
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kData);
    EXPECT_THAT(error.what(), HasSubstr("x.st"));
    return false;
  }
}

TEST(ReadTensors, EveryTruncationIsRefused) {
  const TemporaryFolder folder;
  const std::string whole = testing::read_text(golden("reference.safetensors"));
  for (std::size_t length = 0; length < whole.size(); ++length) {
    EXPECT_FALSE(loads(folder.write("x.st", whole.substr(0, length)))) << length;
  }
}

TEST(ReadTensors, DamagedBytesNeverDoWorseThanAnError) {
  const TemporaryFolder folder;
  const std::string whole = testing::read_text(golden("reference.safetensors"));
  const auto size = static_cast<std::int64_t>(whole.size());
  std::uint64_t header = 0;
  std::memcpy(&header, whole.data(), sizeof(header));
  Generator generator(1);
  int refused = 0;
  for (int round = 0; round < 1200; ++round) {
    std::string damaged = whole;
    const std::int64_t count = generator.integers(1, 4, {1}).item<std::int64_t>();
    // Most of the damage goes to the length and the header, where it can mislead.
    const std::int64_t end = round % 4 == 0 ? size : static_cast<std::int64_t>(header) + 8;
    const Tensor where = generator.integers(0, end, {count});
    const Tensor what = generator.integers(0, 256, {count});
    for (std::int64_t i = 0; i < count; ++i) {
      const auto position = static_cast<std::size_t>(where[i].item<std::int64_t>());
      // Digits give other numbers, which JSON alone does not catch.
      const bool digit =
          round % 2 == 0 && std::isdigit(static_cast<unsigned char>(damaged[position]));
      const std::int64_t value = what[i].item<std::int64_t>();
      damaged[position] = static_cast<char>(digit ? '0' + value % 10 : value);
    }
    refused += loads(folder.write("x.st", damaged)) ? 0 : 1;
  }
  EXPECT_GT(refused, 600);
}

TEST(TensorFile, FilesOfPyTorchAreAnsweredWithWhatConvertsThem) {
  for (const std::string& start : {std::string("PK\x03\x04"), std::string("\x80\x02}q")}) {
    const std::string message = testing::error_message(
        ErrorKind::kData, [&] { parse_tensors(start + std::string(40, 'x'), "net.pt"); });
    EXPECT_THAT(message, ::testing::HasSubstr("net.pt: a PyTorch file"));
    EXPECT_THAT(message, ::testing::HasSubstr("save_file("));
    EXPECT_THAT(message, ::testing::HasSubstr("net.pt net.safetensors"));
    EXPECT_THAT(message, ::testing::HasSubstr("has torch and safetensors:\n  " + testing::python() +
                                              " -c \""));
  }
}

}  // namespace
}  // namespace oubli
