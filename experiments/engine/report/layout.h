// Text in lines and columns, for a terminal.
#pragma once

#include <cstddef>
#include <string>

namespace oubli {

// Characters shown, not bytes: ± takes two bytes.
std::size_t shown_width(const std::string& text);

// With spaces to `width`, behind the text or (`left` false) in front of it.
std::string padded(const std::string& text, std::size_t width, bool left);

// Lines of at most `width` characters, broken at spaces, each with its end.
std::string wrapped(const std::string& text, std::size_t width);
// The same beside a label: every line begins `indent` columns from the left.
std::string hanging(const std::string& label, std::size_t indent, const std::string& text,
                    std::size_t width);

}  // namespace oubli
