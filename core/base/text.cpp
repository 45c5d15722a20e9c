#include "core/base/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

namespace oubli {
namespace {

struct Character {
  std::uint32_t code = 0;
  std::size_t bytes = 0;  // 0: what begins here is not UTF-8
};

Character character_at(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const std::uint32_t first = byte(at);
  if (first < 0x80) return {first, 1};
  const std::size_t bytes = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || bytes > text.size() - at) return {};
  std::uint32_t code = first & (0x7fU >> bytes);
  for (std::size_t i = 1; i < bytes; ++i) {
    if ((byte(at + i) & 0xc0U) != 0x80) return {};
    code = code << 6 | (byte(at + i) & 0x3fU);
  }
  const bool overlong = (bytes == 3 && code < 0x800) || (bytes == 4 && code < 0x10000);
  const bool surrogate = code >= 0xd800 && code < 0xe000;
  if (overlong || surrogate || code > 0x10ffff) return {};
  return {code, bytes};
}

// C0 and C1 controls, separators of lines and paragraphs, and marks that embed, override or isolate
// a direction of writing.
bool steers(std::uint32_t code) {
  return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0x2028 || code == 0x2029 ||
         (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069) ||
         code == 0x200e || code == 0x200f || code == 0x061c || code == 0xfeff;
}

std::string escape_of(std::uint32_t code) {
  switch (code) {
    case '\n':
      return "\\n";
    case '\r':
      return "\\r";
    case '\t':
      return "\\t";
    default:
      return code < 0x100 ? fmt::format("\\x{:02x}", code) : fmt::format("\\u{:04x}", code);
  }
}

}  // namespace

TextPlace place_in(std::string_view text, std::size_t offset) {
  const std::string_view before = text.substr(0, offset);
  const auto lines = std::count(before.begin(), before.end(), '\n');
  const std::size_t start = before.rfind('\n') + 1;  // npos + 1 is 0
  return {static_cast<int>(lines) + 1, static_cast<int>(before.size() - start) + 1};
}

std::optional<std::size_t> first_invalid_utf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const Character character = character_at(text, at);
    if (character.bytes == 0) return at;
    at += character.bytes;
  }
  return std::nullopt;
}

std::optional<EncodingProblem> encoding_problem(std::string_view text) {
  if (text.starts_with("\xff\xfe") || text.starts_with("\xfe\xff")) {
    return EncodingProblem{0, "the file is UTF-16: save it as UTF-8."};
  }
  const std::optional<std::size_t> offset = first_invalid_utf8(text);
  if (!offset) return std::nullopt;
  return EncodingProblem{*offset,
                         fmt::format("the byte 0x{:02x} is not UTF-8: save the file as UTF-8.",
                                     static_cast<unsigned char>(text[*offset]))};
}

std::optional<std::size_t> first_control_character(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const Character character = character_at(text, at);
    const bool is_layout =
        character.code == '\n' || character.code == '\r' || character.code == '\t';
    if (character.bytes > 0 && steers(character.code) && !is_layout) return at;
    at += std::max<std::size_t>(character.bytes, 1);
  }
  return std::nullopt;
}

std::string as_utf8(std::string_view text) {
  std::string result;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t bytes = character_at(text, at).bytes;
    result += bytes == 0 ? std::string_view("\xef\xbf\xbd") : text.substr(at, bytes);
    at += std::max<std::size_t>(bytes, 1);
  }
  return result;
}

std::string printable(std::string_view text, bool lines) {
  std::string result;
  result.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const Character character = character_at(text, at);
    if (character.bytes == 0) {
      result += escape_of(static_cast<unsigned char>(text[at]));
    } else if (steers(character.code) && !(lines && character.code == '\n')) {
      result += escape_of(character.code);
    } else {
      result += text.substr(at, character.bytes);
    }
    at += std::max<std::size_t>(character.bytes, 1);
  }
  return result;
}

std::string clipped(std::string_view text, std::size_t most) {
  if (text.size() <= most) return printable(text);
  std::size_t cut = most;  // not inside a character
  while (cut > 0 && most - cut < 4 && (static_cast<unsigned char>(text[cut]) & 0xc0U) == 0x80)
    --cut;
  return printable(text.substr(0, cut)) + "...";
}

std::string quote(std::string_view text, std::size_t most) {
  const std::string shown = fmt::format("'{}'", clipped(text, most));
  return text.size() <= most ? shown : fmt::format("{} ({} bytes)", shown, text.size());
}

std::string first_characters(std::string_view text, std::size_t count) {
  std::size_t at = 0;
  for (; count > 0 && at < text.size(); --count) {
    at += std::max<std::size_t>(1, character_at(text, at).bytes);
  }
  return std::string(text.substr(0, at));
}

std::string listed(const std::vector<std::string>& items) {
  constexpr std::size_t kMost = 800;
  std::string text;
  for (const std::string& item : items) {
    if (text.size() > kMost) return fmt::format("{}, ... ({} in all)", text, items.size());
    text += (text.empty() ? "" : ", ") + clipped(item);
  }
  return text;
}

}  // namespace oubli
