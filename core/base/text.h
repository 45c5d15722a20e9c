// Text from outside, such as names in files and on the command line: whether it is UTF-8, and how
// it is shown. A terminal obeys control characters, so none is printed raw; a message quotes a line
// at most.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace oubli {

// A place in a text, counted from 1; columns are in bytes.
struct TextPlace {
  int line = 1;
  int column = 1;
};

TextPlace place_in(std::string_view text, std::size_t offset);

// Offset of the first byte that is no part of a UTF-8 character: no overlong forms, no surrogates,
// nothing above U+10FFFF (RFC 3629).
std::optional<std::size_t> first_invalid_utf8(std::string_view text);

// Why it is no UTF-8 text, and from where on.
struct EncodingProblem {
  std::size_t offset;
  std::string message;  // a sentence
};
std::optional<EncodingProblem> encoding_problem(std::string_view text);

// Offset of the first character that steers a terminal or turns the direction of writing: what
// printable() escapes, but for tabs and ends of lines.
std::optional<std::size_t> first_control_character(std::string_view text);

// The text with every byte that is not UTF-8 replaced by U+FFFD.
std::string as_utf8(std::string_view text);

// The text as UTF-8 that moves no cursor: control characters, line and paragraph separators, marks
// that turn the direction of writing and bytes that are not UTF-8 become escapes such as \n, \x1b
// and \u202e. `lines`: line feeds stay.
std::string printable(std::string_view text, bool lines = false);

// What a message quotes: printable, in single quotes, at most `most` bytes of it; where it was cut,
// with its length behind it.
std::string quote(std::string_view text, std::size_t most = 80);
// The same without quotes, as for a number.
std::string clipped(std::string_view text, std::size_t most = 80);

// The first characters of a UTF-8 text, whole ones.
std::string first_characters(std::string_view text, std::size_t count);

// Of a list, as many items as fit on a line or two, and how many there are where some are left out.
std::string listed(const std::vector<std::string>& items);

}  // namespace oubli
