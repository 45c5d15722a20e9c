// Running text: below a table of numbers, and messages.
#pragma once

#include <cstdio>
#include <string>

namespace oubli {

// In lines as wide as the terminal, and of 100 columns at most.
std::string paragraph(const std::string& text);

// A message for `out`, with an end of line: on a terminal in lines as wide as that, broken between
// words, but for lines that begin with a blank, which are there to be copied; elsewhere, where a
// script or a log reads it, as it stands.
std::string folded(const std::string& message, std::FILE* out);

}  // namespace oubli
