#include "tests/support/files.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include "tests/support/expect_error.h"

namespace oubli::testing {
namespace {

SettingsNode node_from(const Json& json, const Origin& origin) {
  SettingsNode node;
  node.origin = origin;
  if (json.is_object()) {
    node.kind = SettingsNode::Kind::kMap;
    for (const auto& [key, value] : json.items()) {
      SettingsNode child = node_from(value, origin);
      child.key_origin = origin;
      node.entries.emplace_back(key, std::move(child));
    }
  } else if (json.is_array()) {
    node.kind = SettingsNode::Kind::kSequence;
    for (const Json& item : json) node.items.push_back(node_from(item, origin));
  } else if (!json.is_null()) {
    node.kind = SettingsNode::Kind::kScalar;
    node.scalar = json.is_string() ? json.get<std::string>() : json.dump();
  }
  return node;
}

}  // namespace

std::string gzip(const std::string& content) {
  z_stream stream{};
  deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  std::string packed(deflateBound(&stream, content.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(content.data()));
  stream.avail_in = static_cast<uInt>(content.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

std::string tar_entry(const std::string& name, const std::string& content, char type,
                      const std::string& link) {
  constexpr std::size_t kBlock = 512;
  std::string header(kBlock, '\0');
  const auto put = [&](std::size_t at, const std::string& text) {
    header.replace(at, text.size(), text);
  };
  put(0, name);
  put(100, "0000644");
  put(108, "0000000");
  put(116, "0000000");
  put(124, fmt::format("{:011o}", content.size()));
  put(136, "00000000000");
  put(148, "        ");  // the checksum counts as blanks in itself
  put(156, std::string(1, type));
  put(157, link);
  put(257, std::string("ustar\0"
                       "00",
                       8));
  unsigned sum = 0;
  for (const char c : header) sum += static_cast<unsigned char>(c);
  put(148, fmt::format("{:06o}", sum) + std::string("\0 ", 2));
  const std::size_t padding = (kBlock - content.size() % kBlock) % kBlock;
  return header + content + std::string(padding, '\0');
}

std::string tar_end() { return std::string(1024, '\0'); }

Settings settings_from(const Json& json, const std::string& source) {
  return Settings(node_from(json, {source, 1, 1}));
}

Json without_times(Json value) {
  if (value.is_object()) {
    for (const char* key : {"seconds", "seconds_ratio"}) value.erase(key);
    for (auto& [key, inner] : value.items()) inner = without_times(inner);
  } else if (value.is_array()) {
    for (auto& inner : value) inner = without_times(inner);
  }
  return value;
}

std::string error_of(ErrorKind kind, const std::function<void()>& action) {
  return error_message(kind, action);
}

}  // namespace oubli::testing
