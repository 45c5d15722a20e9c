#include "datasets/idx.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstring>

#include "datasets/files.h"

namespace oubli {
namespace {

std::string type_name(int code) {
  switch (code) {
    case 0x08:
      return "unsigned bytes";
    case 0x09:
      return "signed bytes";
    case 0x0b:
      return "16-bit integers";
    case 0x0c:
      return "32-bit integers";
    case 0x0d:
      return "32-bit floating point numbers";
    case 0x0e:
      return "64-bit floating point numbers";
    default:
      return "no known type";
  }
}

}  // namespace

Tensor read_idx(const std::filesystem::path& path, std::int64_t dimensions) {
  const std::string where = path.string();
  const std::int64_t header = idx_header_bytes(dimensions);
  // The header says how much more is read: a packed file could unpack to anything.
  std::string bytes = read_file(path, static_cast<std::uint64_t>(header)).bytes;
  auto size = static_cast<std::int64_t>(bytes.size());
  const auto byte = [&](std::int64_t at) {
    return static_cast<std::int64_t>(
        static_cast<unsigned char>(bytes[static_cast<std::size_t>(at)]));
  };
  if (size < 4) {
    fail_at_byte(where, size,
                 "the file ends in its magic number; 4 bytes were expected. Fetch it "
                 "again.");
  }
  if (byte(0) != 0 || byte(1) != 0) {
    fail_at_byte(where, 0,
                 fmt::format("found 0x{:02x}{:02x} where an IDX file starts with two zero "
                             "bytes. Is it another format, or HTML from a failed "
                             "download?",
                             byte(0), byte(1)));
  }
  if (byte(2) != 0x08) {
    fail_at_byte(where, 2,
                 fmt::format("values of type 0x{:02x} ({}), expected 0x08 (unsigned "
                             "bytes).",
                             byte(2), type_name(static_cast<int>(byte(2)))));
  }
  if (byte(3) != dimensions) {
    fail_at_byte(where, 3,
                 fmt::format("{} dimensions, expected {}. Were images and labels "
                             "exchanged?",
                             byte(3), dimensions));
  }
  if (size < header) {
    fail_at_byte(where, size,
                 fmt::format("the file ends in its header of {} bytes. Fetch it again.", header));
  }
  std::vector<std::int64_t> shape;
  std::int64_t expected = 1;
  constexpr std::int64_t kMost = std::int64_t{1} << 36;  // bytes of values
  for (std::int64_t d = 0; d < dimensions; ++d) {
    const std::int64_t at = 4 + 4 * d;
    const std::int64_t length =
        byte(at) << 24 | byte(at + 1) << 16 | byte(at + 2) << 8 | byte(at + 3);
    if (length == 0 || length > kMost / expected) {
      fail_at_byte(where, at,
                   fmt::format("a size of {} in dimension {} cannot be right.", length, d));
    }
    shape.push_back(length);
    expected *= length;
  }
  FileContent content = read_file(path, static_cast<std::uint64_t>(header + expected));
  bytes = std::move(content.bytes);
  size = static_cast<std::int64_t>(bytes.size());
  if (size - header != expected || !content.is_whole) {
    fail_at_byte(
        where, size,
        fmt::format(
            "{}: a shape of [{}] takes {} bytes after the header, found {}. Fetch it again.",
            content.is_whole ? "the file is truncated" : "bytes follow the last value",
            fmt::join(shape, ", "), expected,
            content.is_whole ? fmt::to_string(size - header) : "more"));
  }
  Tensor values = at::empty(shape, at::kByte);
  std::memcpy(values.mutable_data_ptr(), bytes.data() + header, static_cast<std::size_t>(expected));
  return values;
}

}  // namespace oubli
